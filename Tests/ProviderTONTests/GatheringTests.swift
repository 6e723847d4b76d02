import FixtureTON
import Money
import Payments
import ProviderTON
import Providers
import Seams
import SigningDesk
import TON
import Testing

@Suite("Gathering on TON")
struct TONGatheringTests {
    /// The coins that are paid to a wallet of an option.
    private static let coins: UInt128 = 1_000_000_000
    /// The jettons that are paid to a wallet of an option.
    private static let jettons: UInt128 = 100

    /// A rail with wallets of options, of which the first ones hold jettons and no coins, and the others coins.
    private func paid(jettons: Int, coins: Int) async throws -> (rail: Rail, accounts: [HoldingAccount]) {
        let rail = try Rail(deposit: .derived)
        rail.chain.fund(try TONAddress(rail.provider.wallets[1]), with: 10_000_000_000)
        var accounts: [HoldingAccount] = []
        for number in 0..<(jettons + coins) {
            let option = PaymentOptionID(value: UInt128(number + 1))
            let isJetton = number < jettons
            let due = Amount(
                asset: isJetton ? rail.jetton : rail.coin,
                units: Int256(isJetton ? Self.jettons : Self.coins)
            )
            let opened = try await rail.provider.open(
                OpenRequest(option: option, invoice: TONScanTests.invoice(due), due: due)
            )
            let address = try TONAddress(opened.accounts[0].account)
            if isJetton {
                try rail.chain.mint(Self.jettons, of: rail.master, layout: .standard, to: address)
            } else {
                try rail.chain.pay(Self.coins, to: address, comment: nil, by: "alice")
            }
            accounts.append(HoldingAccount(account: address.raw, option: option))
        }
        try rail.chain.settle()
        return (rail, accounts)
    }

    /// Gathers until nothing is left.
    private func finish(_ rail: Rail, _ accounts: [HoldingAccount]) async throws {
        for _ in 0..<10 {
            let outcome = try await rail.gather(accounts)
            #expect(outcome.problems.isEmpty)
            if outcome.empty == accounts { return }
            try rail.chain.settle()
        }
        Issue.record("not gathered in ten rounds")
    }

    private func held(_ rail: Rail) async throws -> Int256? {
        try await rail.provider.balances(of: []).balances.first { $0.asset == rail.jetton }?.units
    }

    @Test("goes side by side, and one request gives several wallets coins for their fees")
    func batch() async throws {
        let (rail, accounts) = try await paid(jettons: 4, coins: 6)
        // One request of the wallet for fees, which is of v4r2, and six of wallets with coins.
        #expect(try await rail.gather(accounts).sent == 7)
        #expect(rail.books.transfers.first { $0.wallet == .fees }?.movements.count == 4)
        try rail.chain.settle()
        #expect(try await rail.gather(accounts).sent == 4)
        try rail.chain.settle()
        try await finish(rail, accounts)
        #expect(try await held(rail) == Int256(4 * Self.jettons))
        #expect(rail.books.transfers.isEmpty && rail.books.mostSignatures == 1)
    }

    @Test(
        "loses and doubles nothing when the process is killed at any access to the books",
        arguments: 0..<12
    )
    func killed(access: Int) async throws {
        let (rail, accounts) = try await paid(jettons: 2, coins: 2)
        for round in 0..<6 {
            rail.books.kill(after: access)
            let outcome = try? await rail.gather(accounts)
            // What was not sent before the kill may be sent now, or the blocks come first.
            if (access + round).isMultiple(of: 2) { try rail.chain.settle() }
            if outcome?.empty == accounts { break }
        }
        rail.books.kill(after: .max)
        try await finish(rail, accounts)
        #expect(try await held(rail) == Int256(2 * Self.jettons))
        let coins = rail.chain.balance(of: rail.provider.walletAddress)
        #expect(coins > 2 * Self.coins * 9 / 10, "all coins but the fees")
        #expect(rail.books.mostSignatures == 1, "each number of a wallet was signed once")
    }

    @Test("sends the same bytes again until their end, and then another step with the same number")
    func replaced() async throws {
        let (rail, accounts) = try await paid(jettons: 1, coins: 0)
        var faults = FixtureTON.Faults()
        faults.lostBroadcasts = 2
        rail.chain.set(faults)
        #expect(try await rail.gather(accounts).sent == 1)
        let first = try #require(rail.books.transfers.first)
        #expect(try await rail.gather(accounts).sent == 0)
        #expect(rail.books.transfers == [first])
        try rail.chain.settle()
        rail.clock.advance(by: .seconds(301))
        try rail.chain.mine()
        #expect(try await rail.gather(accounts).sent == 1)
        let second = try #require(rail.books.transfers.first)
        #expect(rail.books.transfers.count == 1 && second.number == first.number && second != first)
        // Were the first one carried out after all, the chain would take one of the two.
        try await rail.provider.broadcast(first)
        try rail.chain.settle()
        try await finish(rail, accounts)
        #expect(try await held(rail) == Int256(Self.jettons))
    }
}
