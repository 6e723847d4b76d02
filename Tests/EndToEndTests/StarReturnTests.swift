import CommandParts
import FixtureTelegram
import Gateway
import Payments
import Sandbox
import Scenarios
import Seams
import Settlement
import StrictJSON
import Synchronization
import Testing

@Suite("A return of Stars is looked up before it is sent", .serialized)
struct StarReturnTests {
    /// Opens an invoice over Stars and has it paid.
    ///
    /// - Returns: the payment.
    private func paid(_ world: ScenarioWorld, _ key: String) async throws -> PaymentID {
        let order: JSONValue = [
            "title": "Stickers", "description": "Stickers", "goods": "digital", "amount": "250",
            "asset": "telegram:XTR", "rails": [["rail": "telegram_stars"]],
        ]
        let invoice = try await world.merchant.post("/v1/invoices", order, idempotencyKey: key)
        let option = try #require(invoice["options"]?.arrayValue?.first)
        #expect(try await world.pay(option, by: key))
        try await world.settle()
        let id = try #require(invoice["id"]?.stringValue)
        let payments = try await world.merchant.get("/v1/payments?invoice=\(id)")["data"]?.arrayValue
        return try PaymentID(try #require(payments?.first?["id"]?.stringValue))
    }

    private func askFor(_ payment: PaymentID, _ world: ScenarioWorld) async throws -> String {
        let key = "return-\(payment.text)-\(world.networks.clock.now())"
        let refund = try await world.merchant.post(
            "/v1/refunds",
            ["payment": .string(payment.text)],
            idempotencyKey: key
        )
        return try #require(refund["id"]?.stringValue)
    }

    private func sent(_ world: ScenarioWorld) -> Int { world.networks.telegram.calls(of: "refundStarPayment") }

    @Test("after a restore: a return that Telegram has made is not sent again, and a missing one is")
    func restored() async throws {
        try await withWorld { world in
            let (returned, kept) = (try await paid(world, "alice"), try await paid(world, "bob"))
            try await world.backUp()
            _ = try await askFor(returned, world)
            try await world.settle()
            #expect(sent(world) == 1)
            try await world.restore()
            // Before any scan has reached the books.
            let again = try await askFor(returned, world)
            for _ in 0..<3 {
                let transfer = try await world.gateway.settlement.advance(again)
                #expect(transfer.status.state == .awaitingPayment)
            }
            #expect(sent(world) == 1)
            // Control: another charge is returned in the same way.
            let other = try await askFor(kept, world)
            #expect(try await world.gateway.settlement.advance(other).status.state == .completed)
            #expect(sent(world) == 2)
            try await world.settle()
            #expect(sent(world) == 2)
            let refunds = try await world.merchant.get("/v1/refunds?limit=10")["data"]?.arrayValue ?? []
            let states = refunds.map { $0["state"]?.stringValue ?? "?" }.sorted()
            #expect(states == ["cancelled", "completed", "completed"])
            #expect(try await world.findings().isEmpty)
        }
    }

    @Test("at a retry: once, whether the process died before or after Telegram was asked", arguments: [false, true])
    func retried(hasAsked: Bool) async throws {
        let dies = Mutex(true)
        let point = hasAsked ? FaultPoint.afterSubmitting : FaultPoint.afterStoringTransfer
        struct Death: Error {}
        let faults = FaultInjector { reached in
            guard reached == point else { return }
            let isFirst = dies.withLock { dies in
                defer { dies = false }
                return dies
            }
            if isFirst { throw Death() }
        }
        try await withWorld(faults: faults) { world in
            let payment = try await paid(world, "alice")
            let refund = try await askFor(payment, world)
            await #expect(throws: Death.self) { try await world.gateway.settlement.advance(refund) }
            #expect(sent(world) == (hasAsked ? 1 : 0))
            try await world.restart()
            #expect(try await world.gateway.settlement.advance(refund).status.state == .completed)
            #expect(sent(world) == 1)
            try await world.settle()
            #expect(sent(world) == 1)
            #expect(try await world.findings().isEmpty)
        }
    }
}
