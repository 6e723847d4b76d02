import DatabaseEngines
import Ledger
import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

@Suite("A person's decision about a held wallet")
struct WalletReleaseTests {
    /// Yesterday's copy beside a chain on which each of `count` payouts has already left.
    private func restored(
        _ engine: Engine,
        _ count: Int,
        _ numbering: NumberedChain.Numbering = .inTurn
    ) async throws -> WalletBranch {
        let chain = NumberedChain(numbering)
        let today = try await WalletBranch(on: chain, .sqlite, name: "today")
        let copy = try await WalletBranch(on: chain, engine, name: "copy", first: 5_000)
        try await today.ask(1...count)
        try await today.work()
        try await copy.ask(1...count)
        try await copy.work()
        return copy
    }

    @Test("closes the case only by resuming the wallet", arguments: Engine.allCases)
    func dismissal(engine: Engine) async throws {
        let copy = try await restored(engine, 1)
        let open = try await copy.settlement.database.read { session in
            try session.cases(of: nil, state: .open, in: Page(limit: 100)).first { $0.reason == .walletHeld }
        }
        let id = try #require(open?.id)
        for decision in [CaseDecision.dismiss, .refund, .accept(settlesInvoice: nil)] {
            await #expect(throws: SettlementError.self) {
                try await copy.settlement.resolveCase(CaseRequest(id, decision), by: MerchantID(value: 0))
            }
        }
        #expect(try await copy.cases().contains(.walletHeld))
        try await copy.decideByTheList()
        try await copy.resume()
        #expect(try await copy.cases().isEmpty)
    }

    @Test("does not end a new hold that came after another gateway's resumption")
    func twoGateways() async throws {
        let chain = NumberedChain(.inTurn)
        let here = try await WalletBranch(on: chain, .postgreSQL, name: "ours")
        let other = try Desk.settlement(
            Engine.postgreSQL.open(here.place),
            [NumberedRail(chain, name: "theirs", first: 0, asset: here.coin.id, clock: here.clock)],
            here.coin,
            here.clock,
            .none
        )
        let payment = SentPayment(destination: "thief", amount: Amount(asset: here.coin.id, units: 5_000_000))
        chain.take(.init(hash: "first", number: 0, payment: payment))
        try await here.scan()
        #expect(try await here.isHeld())
        here.rail.whileReading {
            _ = try await other.resumeWallet("hot", of: "numbered")
            here.clock.advance(by: .seconds(1))
            chain.take(.init(hash: "second", number: 1, payment: payment))
            try await here.scan()
        }
        await #expect(throws: SettlementError(.conflict, "")) { try await here.resume() }
        #expect(try await here.isHeld())
        try await here.resume()
        #expect(try await !here.isHeld())
        // Resuming a wallet that signs already is no error.
        try await here.resume()
    }

    @Test("is asked for again when a spend appears that may be the transfer", arguments: Engine.allCases)
    func staleDecision(engine: Engine) async throws {
        let chain = NumberedChain(.inTurn)
        let branch = try await WalletBranch(on: chain, engine, name: "ours")
        let theirs = SentPayment(destination: "thief", amount: Amount(asset: branch.coin.id, units: 5_000_000))
        chain.take(.init(hash: "theirs", number: 0, payment: theirs))
        try await branch.ask(1...2)
        try await branch.work()
        for number in 1...2 { try await branch.owe(number) }
        // Only then the other gateway pays one of them.
        let paid = SentPayment(destination: "receiver 1", amount: Amount(asset: branch.coin.id, units: 1_000_000))
        chain.take(.init(hash: "paid", number: 1, payment: paid))
        try await branch.scan()
        await #expect(throws: SettlementError(.conflict, "")) { try await branch.resume() }
        #expect(try await branch.list().owed.map(\.isReviewed) == [false, true])
        try await branch.decideByTheList()
        try await branch.resume()
        try await branch.work()
        #expect(chain.paid == ["thief": 1, "receiver 1": 1, "receiver 2": 1])
        #expect(try await branch.findings().isEmpty)
    }

    /// Events after the chain has taken back the spend that was decided to be the transfer.
    enum Afterwards: CaseIterable {
        case comesBack
        case comesBackAfterOwed
        case comesBackAfterResumption
        case staysAway
    }

    @Test(
        "is asked for again when the chain takes back the spend, and a spend that comes back is the same transfer",
        arguments: Engine.allCases,
        Afterwards.allCases
    )
    func reorganised(engine: Engine, afterwards: Afterwards) async throws {
        let copy = try await restored(engine, 1)
        let (chain, first) = (copy.chain, copy.chain.requests[0])
        try await copy.decideByTheList()
        try await copy.resume()
        #expect(try await copy.state(1) == .completed)
        let position = NaturalKey("numbered", "0")
        try await copy.loseFirst()
        #expect(try await copy.state(1) == .unknown)
        #expect(try await copy.isHeld())
        #expect(try await copy.account("suspense") == 0)
        #expect(try await copy.findings().isEmpty)
        #expect(try await copy.list().spends.isEmpty)
        try await copy.work()
        #expect(copy.rail.signatures == 0)
        await #expect(throws: SettlementError(.conflict, "")) { try await copy.resume() }
        await #expect(throws: SettlementError(.invalidState, "")) {
            try await copy.settlement.decide(PayoutID(value: 1).text, .left(position, position: 0))
        }
        if afterwards != .comesBack { try await copy.owe(1) }
        if afterwards == .comesBackAfterResumption || afterwards == .staysAway { try await copy.resume() }
        if afterwards == .comesBackAfterResumption {
            // The chain has it before the scan does.
            chain.take(first)
            copy.clock.advance(by: .seconds(6))
            for id in try await copy.settlement.outgoingDue() { try await copy.settlement.advance(id) }
            #expect(try await copy.isHeld())
        }
        if afterwards != .staysAway {
            chain.take(first)
            let page = try await copy.page(after: "0")
            for observation in page.observations {
                _ = try await copy.settlement.record(observation, at: copy.rail)
            }
            #expect(try await copy.state(1) == .completed)
            #expect(try await copy.isHeld())
            try await copy.scan()
            try await copy.resume()
        }
        try await copy.work()
        #expect(chain.paid == ["receiver 1": 1])
        #expect(try await copy.state(1) == .completed)
        for code in ["suspense", "payouts_payable"] { #expect(try await copy.account(code) == 0) }
        #expect(try await copy.cases().isEmpty)
        #expect(try await copy.findings().isEmpty)
    }

    @Test("covers every transfer and all spends, however many a list shows", arguments: Engine.allCases)
    func cutLists(engine: Engine) async throws {
        let copy = try await restored(engine, 6)
        let list = try #require(try await copy.settlement.listWallets(mostSpends: 2, mostOwed: 3).first)
        #expect(list.spends.count == 2 && list.hasMoreSpends)
        #expect(list.owed.count == 3 && list.hasMoreOwed)
        #expect(list.owed.allSatisfy { $0.candidates.count == 1 })
        // Older transfers of another provider, more than a list shows, hide none of this one's.
        let now = copy.clock.now()
        let amount = Amount(asset: copy.coin.id, units: 1)
        try await copy.settlement.database.write { session in
            for number in 0..<10_001 {
                try session.insert(
                    OutgoingTransfer(
                        purpose: .payout(PayoutID(value: UInt128(1_000 + number))),
                        merchant: WalletBranch.merchant,
                        provider: "another",
                        amount: amount,
                        destination: "somebody",
                        reason: nil,
                        status: PayoutStateMachine(state: .awaitingApproval),
                        createdAt: now.advanced(by: .seconds(-1_000))
                    )
                )
            }
        }
        await #expect(throws: SettlementError(.conflict, "")) { try await copy.resume() }
        #expect(try await copy.list().owed.count == 6)
        // The earliest spend is a candidate too, although the list does not show it.
        let spend = try #require(list.owed[0].candidates.first?.spend)
        let id = list.owed[0].transfer.purpose.id
        _ = try await copy.settlement.decide(id, .left(spend.key, position: spend.position))
        let rest = try #require(try await copy.settlement.listWallets(mostSpends: 2, mostOwed: 5).first)
        #expect(rest.owed.count == 5 && !rest.hasMoreOwed)
        try await copy.decideByTheList()
        try await copy.resume()
    }

    @Test("divides the fee of one request among its transfers", arguments: Engine.allCases)
    func fees(engine: Engine) async throws {
        let branch = try await WalletBranch(on: NumberedChain(.inAnyOrder), engine, name: "ours")
        try await branch.ask(1...3)
        let amounts = (1...3).map { Amount(asset: branch.coin.id, units: Int256($0 * 1_000_000)) }
        let payments = zip(1...3, amounts).map { SentPayment(destination: "receiver \($0)", amount: $1) }
        let key = NaturalKey("numbered", "batch")
        let movement = AccountMovement(
            naturalKey: key,
            kind: .unexplained,
            amount: Amount(asset: branch.coin.id, units: -6_000_101),
            reason: "sent by the wallet's key",
            occurredAt: branch.clock.now()
        )
        let signature = WalletSignature(wallet: "hot", number: 77, evidence: "batch", payments: payments)
        let sent = SentTransfer(naturalKey: key, hash: "batch", movement: movement, signature: signature)
        _ = try await branch.settlement.record(.sent(sent), at: branch.rail)
        try await branch.decideByTheList()
        #expect(try await branch.account("suspense") == 0)
        #expect(try await branch.account("network_fees") == 101)
        #expect(try await branch.cases() == [.walletHeld])
        #expect(try await branch.findings().isEmpty)
        var fees: [Int256?] = []
        for number in 1...3 {
            let id = PayoutID(value: UInt128(number)).text
            fees.append(try await branch.settlement.database.read { try $0.outgoing(id)?.networkFee?.units })
        }
        #expect(fees == [34, 34, 33])
    }
}
