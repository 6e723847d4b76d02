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
        #expect(try await gather(rail, [account]) == 1)
        #expect(rail.chain.balance(of: rail.provider.hotWallet) > 0)
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
