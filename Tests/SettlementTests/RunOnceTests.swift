import DatabaseEngines
import Money
import Payments
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

@Suite("A request with an idempotency key")
struct RunOnceTests {
    private static func claim(_ desk: Desk, _ object: String) async throws -> IdempotencyClaim {
        let scope = IdempotencyScope(merchant: desk.merchant, route: "POST /v1/payouts", key: "k")
        return try await desk.settlement.claim(scope, fingerprint: [1], object: object)
    }

    @Test(
        "whose process was killed is taken up again at once, or where others may run it, within ten seconds",
        arguments: Engine.allCases
    )
    func killed(engine: Engine) async throws {
        var desk = try await Desk(on: engine)
        #expect(try await Self.claim(desk, "po_a") == .claimed(object: "po_a"))
        #expect(try await Self.claim(desk, "po_b") == .inFlight)
        desk.clock.advance(by: .seconds(1))
        try await desk.restart()
        if engine == .postgreSQL {
            #expect(try await Self.claim(desk, "po_c") == .inFlight)
            desk.clock.advance(by: .seconds(9))
        }
        // It goes on with the object of the first attempt.
        #expect(try await Self.claim(desk, "po_d") == .claimed(object: "po_a"))
        #expect(try await Self.claim(desk, "po_e") == .inFlight)
    }

    @Test(
        "names one object, whatever a stalled, a refused and a later attempt do, and with whatever body",
        arguments: Engine.allCases
    )
    func oneObject(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let scope = IdempotencyScope(merchant: desk.merchant, route: "POST /v1/payouts", key: "k")
        let opened = try await desk.openInvoice()
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: opened.options[0].id))
        let (first, second) = (PayoutID(value: 1), PayoutID(value: 2))
        func payOut(_ amount: String, as id: PayoutID) async throws -> OutgoingTransfer {
            let amount = try desk.amount(amount)
            let wish = PayoutRequest(amount: amount, destination: "d", comment: nil, needsApproval: false)
            return try await desk.settlement.requestPayout(wish, by: desk.merchant, id: id)
        }
        // The first attempt stalls, and the second one is refused.
        #expect(try await Self.claim(desk, first.text) == .claimed(object: first.text))
        desk.clock.advance(by: .seconds(11))
        #expect(try await Self.claim(desk, second.text) == .claimed(object: first.text))
        try await desk.settlement.giveUp(scope, making: .payout(first))
        // The first one goes on, and a third one comes with another body.
        #expect(try await payOut("0.5", as: first).amount == desk.amount("0.5"))
        let third = try await desk.settlement.claim(scope, fingerprint: [2], object: second.text)
        #expect(third == .claimed(object: first.text))
        #expect(try await payOut("0.6", as: first).amount == desk.amount("0.5"))
        #expect(try await desk.settlement.database.read { try $0.outgoing(second.text) } == nil)
    }

    @Test("is not kept by a claim that a wrong clock made in the future", arguments: Engine.allCases)
    func wrongClock(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        desk.clock.advance(by: .seconds(365 * 86_400))
        #expect(try await Self.claim(desk, "po_a") == .claimed(object: "po_a"))
        desk.clock.advance(by: .seconds(-365 * 86_400))
        #expect(try await Self.claim(desk, "po_b") == .claimed(object: "po_a"))
    }
}
