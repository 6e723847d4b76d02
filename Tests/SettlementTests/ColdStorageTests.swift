import DatabaseEngines
import Ledger
import Money
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import Testing

@Suite("Cold storage")
struct ColdStorageTests {
    private func rule(_ desk: Desk) throws -> ColdStorageRule {
        try ColdStorageRule(
            provider: desk.provider.key,
            address: "cold",
            above: desk.amount("100"),
            downTo: desk.amount("20")
        )
    }

    private func holds(_ text: String, _ desk: Desk) throws {
        let amount = try desk.amount(text)
        desk.provider.script.withLock { $0.held = amount }
    }

    @Test(
        "receives everything above the lower amount once the limit is exceeded, one move at a time",
        arguments: Engine.allCases
    )
    func moves(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let rule = try rule(desk)
        for text in ["0", "99", "100"] {
            try holds(text, desk)
            #expect(try await desk.settlement.enforce(rule) == nil)
        }
        try holds("150", desk)
        let move = try #require(try await desk.settlement.enforce(rule))
        #expect(move.amount == (try desk.amount("130")))
        #expect(move.destination == "cold")
        #expect(try await desk.settlement.enforce(rule) == nil)
        desk.provider.script.withLock { $0.fate = .confirmed(evidence: "e", fee: nil, at: Timestamp(seconds: 1)) }
        for _ in 0..<2 { try await desk.settlement.advance(move.purpose.id) }
        #expect(try await desk.held("cold_storage") == "-130")
        #expect(try await desk.held("provider_receivable") == "130")
        #expect(try await desk.held("payouts_payable") == "0")
        try holds("20", desk)
        #expect(try await desk.settlement.enforce(rule) == nil)
        #expect(try await desk.booksHold())
    }

    @Test("leaves the amounts of open payouts")
    func queued() async throws {
        let desk = try await Desk()
        let opened = try await desk.openInvoice("90")
        try await desk.receive(desk.transfer(try desk.amount("90"), for: opened.options[0].id))
        let request = PayoutRequest(amount: try desk.amount("60"), destination: "d", comment: nil, needsApproval: false)
        _ = try await desk.settlement.requestPayout(request, by: desk.merchant, id: PayoutID(value: 1))
        try holds("150", desk)
        #expect(try await desk.settlement.enforce(try rule(desk)) == nil)
        try holds("161", desk)
        #expect(try await desk.settlement.enforce(try rule(desk))?.amount == (try desk.amount("81")))
    }

    @Test("receives nothing when the move fails, and may send money back")
    func failsAndReturns() async throws {
        let desk = try await Desk()
        try holds("150", desk)
        let move = try #require(try await desk.settlement.enforce(try rule(desk)))
        desk.provider.script.withLock { $0.fate = .dead(reason: "expired", fee: nil, at: Timestamp(seconds: 1)) }
        for _ in 0..<2 { try await desk.settlement.advance(move.purpose.id) }
        #expect(try await desk.held("cold_storage") == "0")
        let back = AccountMovement(
            naturalKey: NaturalKey("back"),
            kind: .coldStorage,
            amount: try desk.amount("5"),
            reason: "came back",
            occurredAt: desk.clock.now()
        )
        _ = try await desk.settlement.record(.movement(back), at: desk.provider)
        #expect(try await desk.held("cold_storage") == "5")
        #expect(try await desk.booksHold())
    }

    @Test("needs a lower amount below the limit")
    func nonsense() async throws {
        let desk = try await Desk()
        #expect(throws: SettlementError(.invalidRequest, "")) {
            try ColdStorageRule(provider: "p", address: "a", above: desk.amount("1"), downTo: desk.amount("1"))
        }
    }
}
