import CommandParts
import Gateway
import HTTPMessages
import Ledger
import Routing
import Scenarios
import Settlement
import Storage
import StrictJSON
import Testing

/// A card payment is returned at the payment provider, and booked here by the merchant.
@Suite("A refund that was made at the payment provider", .serialized)
struct RecordedRefundTests {
    private static func refund(_ world: ScenarioWorld, _ body: JSONValue) async throws -> (Int, JSONValue) {
        let request = InterfaceTests.request(world, "POST", "/v1/refunds", body)
        let response = await world.gateway.router.respond(to: request)
        return (response.status, try JSONValue(parsing: response.body))
    }

    /// Opens an invoice and pays it; the payment's identifier.
    private static func paid(
        _ world: ScenarioWorld,
        _ rail: String,
        _ asset: String,
        _ key: String
    ) async throws -> String {
        let order: JSONValue = [
            "title": "Tea", "description": "Tea", "goods": rail == "telegram_stars" ? "digital" : "physical",
            "amount": "12", "asset": .string(asset), "rails": [["rail": .string(rail)]],
        ]
        let invoice = try await world.merchant.post("/v1/invoices", order, idempotencyKey: key)
        let option = try #require(invoice["options"]?.arrayValue?.first)
        #expect(try await world.pay(option, by: "alice"))
        try await world.settle()
        let id = try #require(invoice["id"]?.stringValue)
        let payments = try await world.merchant.get("/v1/payments?invoice=\(id)")["data"]?.arrayValue
        return try #require(payments?.first?["id"]?.stringValue)
    }

    @Test("is booked once, up to the rest of the payment, and announced; the books balance")
    func recorded() async throws {
        try await withWorld { world in
            let payment = try await Self.paid(world, "telegram_fiat", "fiat:EUR", "card")
            let (refused, problem) = try await Self.refund(world, ["payment": .string(payment)])
            #expect(refused == 422 && problem["detail"]?.stringValue?.contains("provider_reference") == true)
            func body(_ amount: String?, _ reference: String) -> JSONValue {
                let members: [JSONValue.Member] = [
                    .init("payment", .string(payment)), .init("provider_reference", .string(reference)),
                ]
                return .object(members + (amount.map { [.init("amount", .string($0))] } ?? []))
            }
            for wrong in ["", " ", "a b", "é", String(repeating: "a", count: 129)] {
                let (status, problem) = try await Self.refund(world, body("1", wrong))
                #expect(status == 422 && problem["param"]?.stringValue == "provider_reference", "\(wrong)")
            }
            let (made, refund) = try await Self.refund(world, body("5.00", "re_1"))
            #expect(made == 201 && refund["state"]?.stringValue == "completed", "\(refund.text)")
            #expect(refund["hash"]?.stringValue == "re_1")
            #expect(try await Self.refund(world, body("5.00", "re_1")).0 == 409)
            let (tooMuch, over) = try await Self.refund(world, body("7.01", "re_2"))
            #expect(tooMuch == 422 && over["code"]?.stringValue == "amount_too_large", "\(over.text)")
            #expect(try await Self.refund(world, body(nil, "re_3")).0 == 201)
            #expect(try await Self.refund(world, body("0.01", "re_4")).0 == 409)
            let events = try await world.merchant.get("/v1/events?limit=100")["data"]?.arrayValue ?? []
            #expect(events.count { $0["type"]?.stringValue == "refund.completed" } == 2)
            let isBalanced = try await world.gateway.settlement.database.read { session in
                try session.trialBalance().isBalanced && session.auditJournal().findings.isEmpty
            }
            #expect(isBalanced)
        }
    }

    @Test("is refused on a rail whose refunds the gateway sends itself")
    func notElsewhere() async throws {
        try await withWorld { world in
            let payment = try await Self.paid(world, "telegram_stars", "telegram:XTR", "stars")
            let (status, problem) = try await Self.refund(
                world,
                ["payment": .string(payment), "provider_reference": "re_1"]
            )
            #expect(status == 422 && problem["param"]?.stringValue == "provider_reference", "\(problem.text)")
        }
    }
}
