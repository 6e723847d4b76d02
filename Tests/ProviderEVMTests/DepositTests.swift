import BigInt
import EVM
import FixtureEVM
import Money
import Payments
import ProviderEVM
import Providers
import Testing

@Suite("Deposits on an EVM chain")
struct DepositTests {
    @Test("are credited once they are final, with the block, the sender and where a refund goes")
    func finalDeposit() async throws {
        let rail = try EVMRail()
        let (address, option) = try await rail.open(rail.coin, 5)
        guard case .deposit(let text, nil, let link) = option.instruction else {
            Issue.record("no address")
            return
        }
        #expect(text == address.description)
        #expect(link == "ethereum:\(text)@31337?value=5")
        let hash = try rail.chain.send(5, to: address, by: "alice")
        rail.chain.mine(2)
        #expect(try await rail.credits().isEmpty)
        rail.chain.mine()
        let credits = try await rail.credits()
        #expect(credits.map(\.amount) == [Amount(asset: rail.coin, units: 5)])
        let alice = try rail.chain.customer("alice").address.description
        #expect(credits.first?.payer == alice)
        #expect(credits.first?.refundTarget == alice)
        #expect(credits.first?.reference == option.reference)
        #expect(credits.first?.evidence.contains(hash.description) == true)
    }

    @Test("are waited for as the chain's tags say", arguments: [EVMProvider.FinalityRule.safe, .finalized])
    func tags(rule: EVMProvider.FinalityRule) async throws {
        let rail = try EVMRail(finality: rule)
        let depth = rule == .safe ? FixtureEVM.depths.safe : FixtureEVM.depths.finalized
        let (address, _) = try await rail.open(rail.coin)
        try rail.chain.send(5, to: address, by: "alice")
        rail.chain.mine(depth)
        #expect(try await rail.credits().isEmpty)
        rail.chain.mine()
        #expect(try await rail.credits().count == 1)
    }

    @Test("are not credited when the token returns false in a successful chain transaction")
    func refusingToken() async throws {
        let rail = try EVMRail(behaviour: .refusing)
        let (address, _) = try await rail.open(rail.tokenAsset)
        try rail.chain.sendToken(7, of: rail.token, to: address, by: "alice")
        rail.chain.mine(4)
        #expect(try await rail.credits().isEmpty)
    }

    @Test("are not credited when an inner call or the whole chain transaction reverted")
    func reverted() async throws {
        let rail = try EVMRail()
        let (address, _) = try await rail.open(rail.coin)
        try rail.chain.send(5, to: rail.chain.refusingContract(), data: address.bytes, by: "alice")
        rail.chain.changeToken(rail.token) { $0.blocked = [address] }
        try rail.chain.sendToken(7, of: rail.token, to: address, by: "alice")
        rail.chain.mine(4)
        #expect(try await rail.credits().isEmpty)
        #expect(rail.chain.balance(of: address) == 0)
    }

    @Test(
        "of a token with the right name and another contract are nothing, whatever else the block holds",
        arguments: [false, true],
        [false, true]
    )
    func counterfeit(besideCoins: Bool, besideTokens: Bool) async throws {
        let rail = try EVMRail()
        let (coins, _) = try await rail.open(rail.coin)
        let (tokens, _) = try await rail.open(rail.tokenAsset)
        let fake = rail.chain.token("fake dollar", symbol: "USDX")
        let mallory = try rail.chain.customer("mallory").address
        for address in [coins, tokens, rail.provider.hotWallet, rail.provider.gasWallet] {
            try rail.chain.sendToken(7, of: fake, to: address, by: "mallory")
            // It also says that our accounts have sent some.
            rail.chain.changeToken(fake) { $0.allow(mallory, of: address, units: 3) }
            let arguments: [ABIValue] = [.address(address), .address(mallory), .uint(3)]
            let data = ABIValue.call("transferFrom(address,address,uint256)", arguments)
            try rail.chain.send(to: fake, data: data, by: "mallory")
        }
        if besideCoins { try rail.chain.send(5, to: coins, by: "alice") }
        if besideTokens { try rail.chain.sendToken(6, of: rail.token, to: tokens, by: "alice") }
        rail.chain.mine(4)
        let told = try await rail.scan().observations
        let paid =
            (besideCoins ? [Amount(asset: rail.coin, units: 5)] : [])
            + (besideTokens ? [Amount(asset: rail.tokenAsset, units: 6)] : [])
        #expect(told.count == paid.count, "\(told)")
        #expect(Set(told.compactMap(\.incoming).map(\.amount)) == Set(paid))
    }

    @Test("of zero are ignored, so that nobody can put look-alike addresses into the books")
    func zeroValue() async throws {
        let rail = try EVMRail()
        let (address, _) = try await rail.open(rail.tokenAsset)
        let data = ERC20.transfer(to: address, amount: 0)
        try rail.chain.send(to: rail.token, data: data, by: "mallory")
        try rail.chain.send(0, to: address, by: "mallory")
        rail.chain.mine(4)
        #expect(try await rail.scan().observations.isEmpty)
    }

    @Test("are the growth of the balance when the token keeps a part of each transfer")
    func feeOnTransfer() async throws {
        let rail = try EVMRail(behaviour: .feeOnTransfer(100))
        let (address, _) = try await rail.open(rail.tokenAsset)
        try rail.chain.sendToken(1_000, of: rail.token, to: address, by: "alice")
        try rail.chain.sendToken(500, of: rail.token, to: address, by: "bob")
        rail.chain.mine(4)
        // Each transfer is credited with the part that arrived.
        let credits = try await rail.credits()
        #expect(credits.map(\.amount.units) == [990, 495])
    }

    @Test("are not taken from logs with removed: true")
    func removedLogs() async throws {
        let rail = try EVMRail()
        let (address, _) = try await rail.open(rail.tokenAsset)
        try rail.chain.sendToken(7, of: rail.token, to: address, by: "alice")
        rail.chain.mine(4)
        rail.transport.changeAnswers { _, text in text.replacing("\"removed\":false", with: "\"removed\":true") }
        await #expect(throws: ProviderError(.malformed, "")) { try await rail.credits() }
    }

    @Test("from a contract have no refund address")
    func contractSender() async throws {
        let rail = try EVMRail()
        let (address, _) = try await rail.open(rail.tokenAsset)
        let contract = rail.chain.forwarder()
        let alice = try rail.chain.customer("alice").address
        rail.chain.mint(9, of: rail.token, to: contract)
        rail.chain.changeToken(rail.token) { $0.allow(alice, of: contract, units: 9) }
        let data = ABIValue.call(
            "transferFrom(address,address,uint256)",
            [.address(contract), .address(address), .uint(9)]
        )
        try rail.chain.send(to: rail.token, data: data, by: "alice")
        rail.chain.mine(4)
        let credits = try await rail.credits()
        #expect(credits.map(\.amount.units) == [9])
        #expect(credits.first?.payer == contract.description)
        #expect(credits.first?.refundTarget == nil)
    }

    @Test("are told apart when several are in one chain transaction and block")
    func several() async throws {
        let rail = try EVMRail()
        let (first, _) = try await rail.open(rail.tokenAsset)
        let (second, _) = try await rail.open(rail.tokenAsset)
        for name in ["alice", "bob", "carol"] {
            try rail.chain.sendToken(7, of: rail.token, to: first, by: name)
            try rail.chain.sendToken(8, of: rail.token, to: second, by: name)
        }
        rail.chain.mine(4)
        let credits = try await rail.credits()
        #expect(credits.count == 6)
        #expect(Set(credits.map(\.naturalKey)).count == 6)
    }

    @Test("of strangers are ignored, however full a block is")
    func strangers() async throws {
        let rail = try EVMRail()
        for name in ["alice", "bob"] {
            try rail.chain.send(5, to: rail.chain.customer("carol").address, by: name)
            try rail.chain.sendToken(5, of: rail.token, to: rail.chain.customer("carol").address, by: name)
        }
        rail.chain.mine(4)
        #expect(try await rail.scan().observations.isEmpty)
    }

    @Test("to the wallet itself are the operator's own, or unmatched payments of whoever sent them")
    func toTheWallet() async throws {
        let rail = try EVMRail()
        try rail.chain.send(5, to: rail.provider.hotWallet, by: "operator")
        try rail.chain.send(6, to: rail.provider.hotWallet, by: "alice")
        try rail.chain.sendToken(7, of: rail.token, to: rail.provider.hotWallet, by: "alice")
        rail.chain.mine(4)
        let observations = try await rail.scan().observations
        guard case .movement(let own)? = observations.first else {
            Issue.record("the operator's deposit is not a movement")
            return
        }
        #expect(own.kind == .ownFunds)
        let alice = try rail.chain.customer("alice").address.description
        let payments = observations.compactMap(\.incoming)
        #expect(payments.map(\.amount.units) == [6, 7])
        // The sender can claim them, and a refund goes back to it.
        #expect(payments.allSatisfy { $0.payer == alice && $0.refundTarget == alice })
    }

    @Test("have an address for each option, which stays the same")
    func addresses() async throws {
        let rail = try EVMRail()
        var addresses: Set<EVMAddress> = []
        for _ in 0..<50 { addresses.insert(try await rail.open(rail.coin).address) }
        #expect(addresses.count == 50)
        #expect(!addresses.contains(rail.provider.hotWallet))
    }

    @Test("that a contract passes on leave no log: the balance at the scan's position shows them")
    func untraced() async throws {
        let rail = try EVMRail()
        let (address, option) = try await rail.open(rail.coin)
        let position = try #require(try await rail.scan().position)
        try rail.chain.send(7, to: rail.chain.forwarder(), data: address.bytes, by: "alice")
        rail.chain.mine(4)
        func mark(at position: String) async throws -> BalanceMark? {
            let marks = try await rail.provider.marks(of: option.accounts, at: position)
            return marks.first { $0.account == address.lowercased }
        }
        #expect(try await mark(at: position)?.before?.units == 0)
        let later = try #require(try await rail.scan(from: position).position)
        let found = try #require(try await mark(at: later))
        #expect(found.before?.units == 7 && found.after?.units == 7)
        #expect(found.arrival?.reference == option.reference)
        #expect(found.arrival?.refundTarget == nil)
        #expect(try await mark(at: later) == found)
        // At a position that a reorganisation has replaced there are no marks.
        rail.chain.reorganise(depth: 8, dropping: false)
        #expect(try await rail.provider.marks(of: option.accounts, at: later).isEmpty)
    }
}
