import BigInt
import EVM
import FixtureEVM
import Money
import Payments
import ProviderEVM
import Providers
import Seams
import SigningDesk
import Testing

@Suite("Gathering on an EVM chain")
struct GatheringTests {
    private func paid(_ rail: EVMRail, _ asset: AssetID) async throws -> HoldingAccount {
        let number = UInt128(rail.watched.count + 1)
        let (address, _) = try await rail.open(asset)
        if asset == rail.coin {
            try rail.chain.send(BigUInt(10).power(17), to: address, by: "alice")
        } else {
            try rail.chain.sendToken(1_000, of: rail.token, to: address, by: "alice")
        }
        rail.chain.mine(3)
        return HoldingAccount(account: address.lowercased, option: PaymentOptionID(value: number))
    }

    /// Gathers until nothing is left, and returns the number of transfers.
    private func gather(_ rail: EVMRail, _ accounts: [HoldingAccount]) async throws -> Int {
        var sent = 0
        for _ in 0..<10 {
            let outcome = try await rail.gather(accounts)
            #expect(outcome.problems.isEmpty)
            sent += outcome.sent
            if outcome.empty == accounts { return sent }
            rail.chain.mine(3)
        }
        Issue.record("not gathered in ten rounds")
        return sent
    }

    @Test("moves coins to the hot wallet, and books only the fee")
    func coins() async throws {
        let rail = try EVMRail()
        let account = try await paid(rail, rail.coin)
        let position = try await rail.scan().position
        #expect(try await gather(rail, [account]) == 1)
        let held = rail.chain.balance(of: rail.provider.hotWallet)
        let left = rail.chain.balance(of: try EVMAddress(account.account))
        rail.chain.mine(1)
        let observations = try await rail.scan(from: position).observations
        guard case .movement(let fee)? = observations.first, observations.count == 1 else {
            Issue.record("\(observations)")
            return
        }
        #expect(fee.kind == .networkFee)
        #expect(BigInt(held) + BigInt(left) == BigInt(10).power(17) + BigInt(fee.amount.units))
    }

    @Test(
        "is an unmatched payment without a refund address where the database does not know the swept address"
    )
    func forgotten() async throws {
        let rail = try EVMRail()
        rail.chain.fund(rail.provider.gasWallet, with: BigUInt(10).power(18))
        let accounts = [try await paid(rail, rail.coin), try await paid(rail, rail.tokenAsset)]
        let position = try await rail.scan().position
        _ = try await gather(rail, accounts)
        // A stranger may copy the note of a sweep: the payer stays the stranger.
        let (known, _) = try await rail.open(rail.coin)
        let option = accounts[0].option.value
        let note = Array("gath".utf8) + (0..<16).reversed().map { UInt8(truncatingIfNeeded: option >> UInt128(8 * $0)) }
        _ = try rail.chain.send(5, to: rail.provider.hotWallet, data: note, by: "mallory")
        rail.chain.mine(3)
        let restored = Watched()
        restored.add(known.lowercased)
        let account = rail.provider.standingAccounts[0]
        let page = try await rail.provider.page(of: account, after: position, watching: restored)
        let found = page.observations.compactMap(\.incoming)
        let own = found.filter { $0.payer == nil }
        #expect(own.map(\.refundTarget) == [nil, nil])
        #expect(Set(own.map(\.amount.asset)) == [rail.coin, rail.tokenAsset])
        for (transfer, account) in zip(own.sorted { $0.amount.asset < $1.amount.asset }, accounts.reversed()) {
            #expect(transfer.evidence.contains(account.option.text))
        }
        #expect(found.filter { $0.payer != nil }.map(\.amount.units) == [5])
    }

    @Test("gives an address coins for the fee before its tokens move, and books no payment of them")
    func tokens() async throws {
        let rail = try EVMRail()
        rail.chain.fund(rail.provider.gasWallet, with: BigUInt(10).power(18))
        var accounts: [HoldingAccount] = []
        for _ in 0..<3 { accounts.append(try await paid(rail, rail.tokenAsset)) }
        let position = try await rail.scan().position
        // A top-up and a transfer each, and perhaps the rest of the coins.
        #expect(try await gather(rail, accounts) >= 6)
        #expect(rail.chain.balance(of: rail.provider.hotWallet, token: rail.token) == 3_000)
        rail.chain.mine(1)
        let observations = try await rail.scan(from: position).observations
        #expect(!observations.isEmpty)
        #expect(
            observations.allSatisfy { observation in
                if case .movement(let movement) = observation { return movement.kind == .networkFee }
                return false
            }
        )
    }

    @Test("takes effect once when repeated, and goes on after the nodes have dropped it")
    func twice() async throws {
        let rail = try EVMRail()
        let account = try await paid(rail, rail.coin)
        for _ in 0..<3 { #expect(try await rail.gather([account]).problems.isEmpty) }
        rail.chain.drop(from: try EVMAddress(account.account))
        rail.chain.mine(3)
        #expect(rail.chain.balance(of: rail.provider.hotWallet) == 0)
        // The stored bytes are sent again, and nothing is signed.
        #expect(try await gather(rail, [account]) == 0)
        #expect(rail.chain.balance(of: rail.provider.hotWallet) > 0)
        #expect(rail.books.mostSignatures == 1)
        #expect(rail.books.transfers.isEmpty)
    }

    @Test("is replaced with the same number when the nodes do not take it for long")
    func patience() async throws {
        let rail = try EVMRail()
        let account = try await paid(rail, rail.coin)
        _ = try await rail.gather([account])
        let first = try #require(rail.books.transfers.first)
        rail.chain.drop(from: try EVMAddress(account.account))
        rail.clock.advance(by: .seconds(91))
        rail.chain.mine(1)
        _ = try await rail.gather([account])
        let second = try #require(rail.books.transfers.first)
        #expect(rail.books.transfers.count == 1 && second.number == first.number)
        #expect(second.createdAt > first.createdAt)
        rail.chain.mine(3)
        _ = try await gather(rail, [account])
        #expect(rail.chain.balance(of: rail.provider.hotWallet) > 0)
    }

    @Test("of forty addresses goes side by side, with the top-ups of their fees in one block")
    func many() async throws {
        let rail = try EVMRail()
        rail.chain.fund(rail.provider.gasWallet, with: BigUInt(10).power(18))
        var accounts: [HoldingAccount] = []
        for number in 0..<40 {
            accounts.append(try await paid(rail, number < 30 ? rail.tokenAsset : rail.coin))
        }
        // Thirty top-ups with consecutive numbers, and ten transfers of coins.
        #expect(try await rail.gather(accounts).sent == 40)
        let tops = rail.books.transfers.filter { $0.wallet == .fees }
        #expect(tops.map(\.number) == Array(0..<30))
        // An address whose coins are under way gets no others, and no step is signed again.
        #expect(try await rail.gather(accounts).sent == 0)
        rail.chain.mine(3)
        // The thirty transfers of tokens.
        #expect(try await rail.gather(accounts).sent == 30)
        rail.chain.mine(3)
        _ = try await gather(rail, accounts)
        #expect(rail.chain.balance(of: rail.provider.hotWallet, token: rail.token) == 30_000)
        #expect(rail.books.mostSignatures == 1)
    }

    @Test(
        "loses and doubles nothing when the process is killed at any access to the books",
        arguments: 0..<24
    )
    func killed(step: Int) async throws {
        let rail = try EVMRail()
        rail.chain.fund(rail.provider.gasWallet, with: BigUInt(10).power(18))
        var accounts: [HoldingAccount] = []
        for number in 0..<4 {
            accounts.append(try await paid(rail, number < 2 ? rail.tokenAsset : rail.coin))
        }
        let position = try await rail.scan().position
        var left = step
        for round in 0..<12 {
            rail.books.kill(after: left % 7)
            let outcome = try? await rail.gather(accounts)
            left = left * 5 / 2 + round
            // What was not sent before the kill may be sent now, or the blocks come first.
            if !left.isMultiple(of: 3) { rail.chain.mine(1) }
            if outcome?.empty == accounts { break }
        }
        rail.books.kill(after: .max)
        _ = try await gather(rail, accounts)
        #expect(rail.chain.balance(of: rail.provider.hotWallet, token: rail.token) == 2_000)
        #expect(rail.books.mostSignatures == 1, "each number of an account was signed once")
        rail.chain.mine(1)
        let observations = try await rail.scan(from: position).observations
        #expect(
            observations.allSatisfy { observation in
                if case .movement(let movement) = observation { return movement.kind == .networkFee }
                return false
            }
        )
    }

    @Test("names what holds it up")
    func problems() async throws {
        let rail = try EVMRail()
        let account = try await paid(rail, rail.tokenAsset)
        let outcome = try await rail.gather([account])
        #expect(outcome.problems.first?.contains("top it up") == true)
        let wrong = HoldingAccount(account: account.account, option: PaymentOptionID(value: 99))
        #expect(try await rail.gather([wrong]).problems.first?.contains("is not the address of") == true)
    }

    @Test("is not mistaken for a payout: a payout to an invoice's address is a payment")
    func payoutToOwnInvoice() async throws {
        let rail = try EVMRail()
        rail.fund()
        rail.chain.mine(3)
        let (address, _) = try await rail.open(rail.coin)
        let order = rail.order(1_000, rail.coin, to: address)
        _ = await rail.provider.submit(try await rail.prepare(order))
        rail.chain.mine(4)
        let observations = try await rail.scan().observations
        #expect(observations.compactMap(\.incoming).map(\.amount.units) == [1_000])
        #expect(observations.contains { if case .sent = $0 { true } else { false } })
    }
}
