import DatabaseEngines
import Records
import Seams
import Settlement
import SettlementDesk
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

    @Test("is not kept by a claim that a wrong clock made in the future", arguments: Engine.allCases)
    func wrongClock(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        desk.clock.advance(by: .seconds(365 * 86_400))
        #expect(try await Self.claim(desk, "po_a") == .claimed(object: "po_a"))
        desk.clock.advance(by: .seconds(-365 * 86_400))
        #expect(try await Self.claim(desk, "po_b") == .claimed(object: "po_a"))
    }
}
