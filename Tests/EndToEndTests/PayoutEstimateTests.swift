import CommandParts
import Gateway
import HTTPMessages
import Routing
import Scenarios
import Settlement
import Storage
import StrictJSON
import Testing

@Suite("A dry run of a payout", .serialized)
struct PayoutEstimateTests {
    private static func post(
        _ world: ScenarioWorld,
        _ members: [JSONValue.Member],
        under key: String? = nil
    ) async throws -> (status: Int, body: JSONValue, isReplayed: Bool) {
        let fields = key.map { [HTTPField("Idempotency-Key", $0)] } ?? []
        let request = InterfaceTests.request(world, "POST", "/v1/payouts", .object(members), fields: fields)
        let response = await world.gateway.router.respond(to: request)
        let isReplayed = response.field("Idempotency-Replayed") != nil
        return (response.status, try JSONValue(parsing: response.body), isReplayed)
    }

    private static let dry = JSONValue.Member("dry_run", .bool(true))

    /// What a payout leaves behind.
    private static func traces(_ world: ScenarioWorld) async throws -> [Int64?] {
        try await world.gateway.settlement.database.read { session in
            try ["idempotency_keys", "outgoing", "events", "ledger_transactions", "approvals"].map { table in
                try session.first("SELECT COUNT(*) FROM \(table)", []) { try $0.integer() }
            }
        }
    }

    /// An invoice by which a merchant gets an asset, and where it can be paid out to.
    private static let orders: [(asset: String, amount: String, rail: String, place: String)] = [
        ("ton:testnet:native", "4", "ton", "telegram"),
        ("ton:testnet:jetton:sandbox", "20", "ton", "telegram"),
        ("evm:sandbox:native", "0.05", "evm", "web"),
        ("evm:sandbox:erc20", "25", "evm", "web"),
    ]

    private static func destination(_ rail: String) -> JSONValue {
        .string(
            rail == "ton"
                ? "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs" : "0x" + String(repeating: "11", count: 20)
        )
    }

    @Test("says on every rail what the payout costs and leaves, stores nothing, and leaves its idempotency key free")
    func everyRail() async throws {
        try await withWorld { world in
            for order in Self.orders {
                let asset = JSONValue.string(world.assetText(order.asset))
                let invoice = try await world.merchant.post(
                    "/v1/invoices",
                    [
                        "title": "Tea", "description": "Tea", "goods": "physical", "amount": .string(order.amount),
                        "asset": asset, "place": .string(order.place),
                        "rails": [["rail": .string(order.rail), "asset": asset]],
                    ],
                    idempotencyKey: "order-\(order.asset)"
                )
                #expect(try await world.pay(try #require(invoice["options"]?.arrayValue?.first), by: "alice"))
                try await world.settle()
                let wish: [JSONValue.Member] = [
                    .init("amount", .string(order.amount == "0.05" ? "0.01" : "2")), .init("asset", asset),
                    .init("destination", Self.destination(order.rail)),
                ]
                let before = try await Self.traces(world)
                let told = try await Self.post(world, wish + [Self.dry], under: order.asset)
                #expect(told.status == 200, "\(order.asset): \(told.body.text)")
                #expect(try await Self.traces(world) == before, "\(order.asset)")
                #expect(told.body["object"]?.stringValue == "payout_estimate")
                #expect(told.body["outcome"]?.stringValue == "sent_now", "\(told.body.text)")
                let coin = world.assetText(order.rail == "ton" ? "ton:testnet:native" : "evm:sandbox:native")
                #expect(told.body["network_fee_asset"]?.stringValue == coin, "\(told.body.text)")
                #expect(told.body["network_fee"]?.stringValue?.first == "0")
                let share = told.body["network_fee_basis_points"] ?? .null
                if coin == asset.stringValue { #expect((1...1_000).contains(share.integerValue ?? 0)) }
                // The same key takes the payout itself, which leaves what was said.
                let made = try await Self.post(world, wish, under: order.asset)
                #expect(made.status == 201 && !made.isReplayed, "\(made.body.text)")
                let balances = try await world.merchant.get("/v1/balances")["data"]?.arrayValue ?? []
                let balance = balances.first { $0["asset"] == asset }
                #expect(balance?["amount"] == told.body["balance_left"], "\(order.asset)")
                #expect(balance?["available"] == told.body["available_left"], "\(order.asset)")
            }
        }
    }

    @Test("is refused as the payout is, and tells of a fee that is too high")
    func refusals() async throws {
        try await withWorld { world in
            let invoice = try await world.merchant.post("/v1/invoices", InterfaceTests.order, idempotencyKey: "order")
            #expect(try await world.pay(try #require(invoice["options"]?.arrayValue?.first), by: "alice"))
            try await world.settle()
            let good: [String: JSONValue] = [
                "amount": "1", "asset": "ton:testnet:native", "destination": Self.destination("ton"),
            ]
            let changes: [[String: JSONValue]] = [
                ["amount": "0"], ["amount": "-1"], ["amount": "1e1"], ["amount": "0.01"], ["amount": "99"],
                ["amount": .integer(1)], ["asset": "ton:testnet:nothing"], ["asset": "telegram:XTR"],
                ["destination": "nowhere"], ["destination": .null], ["on_high_fee": "hope"], ["more": "x"],
                ["needs_approval": "yes"],
            ]
            for change in changes {
                let wish = good.merging(change) { _, new in new }.map { JSONValue.Member($0.key, $0.value) }
                let told = try await Self.post(world, wish + [Self.dry])
                let made = try await Self.post(world, wish)
                #expect(told.status == made.status && told.status >= 400, "\(change): \(told.body.text)")
                for name in ["code", "detail", "param"] { #expect(told.body[name] == made.body[name], "\(change)") }
            }
            // 0.006 TON are more than a twentieth of 0.1.
            let small = good.merging(["amount": "0.1"]) { $1 }.map { JSONValue.Member($0.key, $0.value) }
            let allowed = try await Self.post(world, small + [Self.dry])
            #expect(allowed.body["network_fee_basis_points"]?.integerValue == 600, "\(allowed.body.text)")
            #expect(allowed.body["network_fee_limit_basis_points"]?.integerValue == 1_000)
            #expect(try await Self.post(world, good.map { .init($0.key, $0.value) }, under: "\u{7f}").status == 400)
            let key = try await Self.post(world, good.map { .init($0.key, $0.value) } + [Self.dry], under: "\u{7f}")
            #expect(key.status == 400)
        }
    }
}
