import FixtureTelegram
import Gateway
import HTTPMessages
import MerchantAPI
import Payments
import Routing
import Sandbox
import Scenarios
import Seams
import StrictJSON
import Testing

/// Every merchant route with every kind of key, on objects of one's own, another merchant's, deleted and unknown ones.
///
/// The table is checked against the routes themselves: a route without a row fails.
@Suite("Access to routes", .serialized)
struct AccessTests {
    /// How a route is called: its body, and the route that makes its object.
    private struct Row {
        /// The route that makes the object in the path; nil for a path without an identifier.
        var maker: String?
        var body: JSONValue?
        /// Whether only the operator has it.
        var isOperators = false
    }

    private static let payout: JSONValue = [
        "amount": "0.1", "asset": "ton:testnet:native",
        "destination": "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs",
        "needs_approval": .bool(true),
    ]

    private static let destination: JSONValue = [
        "asset": "ton:testnet:native", "address": "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs", "label": "Bank",
    ]

    private static let subscription: JSONValue = ["title": "Tea club", "description": "Tea", "amount": "100"]

    private static let media: JSONValue = [
        "chat": "@teashop", "title": "Leaves", "description": "Pictures of tea", "amount": "50",
        "media": [["type": "photo", "media": "https://shop.example/leaves.jpg"]],
    ]

    private static let rows: [String: Row] = [
        "POST /v1/invoices": Row(body: InterfaceTests.order),
        "GET /v1/invoices": Row(),
        "GET /v1/invoices/{id}": Row(maker: "POST /v1/invoices"),
        "POST /v1/invoices/{id}/cancel": Row(maker: "POST /v1/invoices", body: [:]),
        "POST /v1/invoices/{id}/renew_quotes": Row(maker: "POST /v1/invoices", body: [:]),
        "POST /v1/invoices/{id}/look_again": Row(maker: "POST /v1/invoices", body: [:]),
        "GET /v1/rates": Row(),
        "POST /v1/payment_links": Row(body: InterfaceTests.order),
        "GET /v1/payment_links": Row(),
        "GET /v1/payment_links/{id}": Row(maker: "POST /v1/payment_links"),
        "POST /v1/payment_links/{id}": Row(maker: "POST /v1/payment_links", body: ["stock": .integer(3)]),
        "POST /v1/subscriptions": Row(body: subscription),
        "GET /v1/subscriptions": Row(),
        "GET /v1/subscriptions/{id}": Row(maker: "POST /v1/subscriptions"),
        "POST /v1/subscriptions/{id}/cancel": Row(maker: "POST /v1/subscriptions", body: [:]),
        "POST /v1/subscriptions/{id}/restore": Row(maker: "POST /v1/subscriptions", body: [:]),
        "POST /v1/bots": Row(body: ["token": "none"]),
        "GET /v1/bots": Row(),
        "GET /v1/bots/{id}": Row(maker: "POST /v1/bots"),
        "POST /v1/bots/{id}": Row(maker: "POST /v1/bots", body: ["support_contact": "@tea"]),
        "POST /v1/paid_media": Row(body: media),
        "GET /v1/paid_media": Row(),
        "GET /v1/paid_media/{id}": Row(maker: "POST /v1/paid_media"),
        "POST /v1/invoices/{id}/claim_challenges": Row(maker: "POST /v1/invoices", body: [:]),
        "POST /v1/invoices/{id}/claims": Row(
            maker: "POST /v1/invoices",
            body: ["rail": "ton", "challenge": "none", "proof": [:]]
        ),
        "GET /v1/payments": Row(),
        "GET /v1/payments/{id}": Row(maker: "payment"),
        "POST /v1/payments/{id}/erase_personal_data": Row(maker: "payment", body: [:]),
        "POST /v1/refunds": Row(maker: "payment", body: ["payment": "ID", "amount": "0.1"]),
        "GET /v1/refunds": Row(),
        "GET /v1/refunds/{id}": Row(maker: "POST /v1/refunds"),
        "POST /v1/payouts": Row(body: payout),
        "GET /v1/payouts": Row(),
        "GET /v1/payouts/{id}": Row(maker: "POST /v1/payouts"),
        "POST /v1/payouts/{id}/approve": Row(maker: "POST /v1/payouts", body: [:]),
        "POST /v1/payouts/{id}/cancel": Row(maker: "POST /v1/payouts", body: [:]),
        "GET /v1/payouts/{id}/approval": Row(maker: "POST /v1/payouts"),
        "GET /v1/payout_policy": Row(),
        "POST /v1/payout_policy": Row(body: ["delay_hours": .integer(0)]),
        "POST /v1/payout_destinations": Row(body: destination),
        "GET /v1/payout_destinations": Row(),
        "GET /v1/payout_destinations/{id}": Row(maker: "POST /v1/payout_destinations"),
        "DELETE /v1/payout_destinations/{id}": Row(maker: "POST /v1/payout_destinations"),
        "POST /v1/merchants": Row(body: ["name": "Another"]),
        "GET /v1/merchants": Row(),
        "GET /v1/merchants/{id}": Row(),
        "GET /v1/wallets": Row(),
        "POST /v1/wallets/decide": Row(body: ["transfer": "po_0", "decision": "owed"]),
        "POST /v1/wallets/resume": Row(body: ["provider": "ton", "wallet": "w"]),
        "GET /v1/balances": Row(),
        "GET /v1/balance_transactions": Row(),
        "GET /v1/balance_transactions/{id}": Row(maker: "balance transaction"),
        "GET /v1/accounts": Row(),
        "GET /v1/accounts/{id}/entries": Row(maker: "account", isOperators: true),
        "GET /v1/cases": Row(),
        "GET /v1/cases/{id}": Row(maker: "case"),
        "POST /v1/cases/{id}/resolve": Row(maker: "case", body: ["action": "accept"]),
        "GET /v1/events": Row(),
        "POST /v1/events/{id}/redeliver": Row(maker: "event", body: [:]),
        "GET /v1/events/{id}": Row(maker: "event"),
        "GET /v1/webhook_endpoints/{id}": Row(maker: "POST /v1/webhook_endpoints"),
        "POST /v1/webhook_endpoints/{id}": Row(maker: "POST /v1/webhook_endpoints", body: ["ordered": .bool(true)]),
        "GET /v1/webhook_endpoints/{id}/attempts": Row(maker: "POST /v1/webhook_endpoints"),
        "POST /v1/webhook_endpoints/{id}/rotate_secret": Row(maker: "POST /v1/webhook_endpoints", body: [:]),
        "POST /v1/webhook_endpoints/{id}/enable": Row(maker: "POST /v1/webhook_endpoints", body: [:]),
        "POST /v1/webhook_endpoints/{id}/disable": Row(maker: "POST /v1/webhook_endpoints", body: [:]),
        "POST /v1/webhook_endpoints/{id}/redeliver": Row(
            maker: "POST /v1/webhook_endpoints",
            body: ["from": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"]
        ),
        "POST /v1/webhook_endpoints": Row(body: ["url": "https://shop.example/events"]),
        "GET /v1/webhook_endpoints": Row(),
        "DELETE /v1/webhook_endpoints/{id}": Row(maker: "POST /v1/webhook_endpoints"),
        "POST /v1/api_keys": Row(body: ["label": "k", "role": "publishable"]),
        "GET /v1/api_keys": Row(),
        "DELETE /v1/api_keys/{id}": Row(maker: "POST /v1/api_keys"),
    ]

    /// A merchant with one object of each kind.
    private struct Tenant {
        let key: String
        var objects: [String: String] = [:]
    }

    private static func call(
        _ world: ScenarioWorld,
        _ route: String,
        id: String?,
        _ body: JSONValue?,
        key: String
    ) async throws -> (status: Int, body: JSONValue) {
        let parts = route.split(separator: " ")
        let path = String(parts[1]).replacing("{id}", with: id ?? "")
        let named = try body.map { body in
            try JSONValue(parsing: Array(body.text.replacing("\"ID\"", with: "\"\(id ?? "")\"").utf8))
        }
        let request = InterfaceTests.request(world, String(parts[0]), path, named, key: key)
        let response = await world.gateway.router.respond(to: request)
        return (response.status, try JSONValue(parsing: response.body))
    }

    private static func make(_ world: ScenarioWorld, key: String) async throws -> Tenant {
        var tenant = Tenant(key: key, objects: ["account": "fee_income"])
        let order = try await call(world, "POST /v1/invoices", id: nil, InterfaceTests.order, key: key)
        let option = try #require(order.body["options"]?.arrayValue?.first)
        for _ in 1...2 {
            #expect(try await world.pay(option, by: "alice"))
            try await world.settle()
        }
        let lists = [
            ("payment", "GET /v1/payments"), ("event", "GET /v1/events"), ("case", "GET /v1/cases"),
            ("balance transaction", "GET /v1/balance_transactions"),
        ]
        for (name, list) in lists {
            let found = try await call(world, list, id: nil, nil, key: key).body["data"]?.arrayValue?.first
            tenant.objects[name] = try #require(found?["id"]?.stringValue)
        }
        for maker in [
            "POST /v1/refunds", "POST /v1/invoices", "POST /v1/payouts", "POST /v1/webhook_endpoints",
            "POST /v1/api_keys", "POST /v1/payment_links", "POST /v1/subscriptions",
            "POST /v1/paid_media", "POST /v1/payout_destinations",
        ] {
            let row = try #require(rows[maker])
            let made = try await call(world, maker, id: row.maker.flatMap { tenant.objects[$0] }, row.body, key: key)
            tenant.objects[maker] = try #require(made.body["id"]?.stringValue, "\(maker): \(made.body.text)")
        }
        let token = key == world.apiKey ? "900000001:one" : "900000002:other"
        world.networks.telegram.addBot(token: token, providerToken: nil)
        let bot = try await call(world, "POST /v1/bots", id: nil, ["token": .string(token)], key: key).body
        tenant.objects["POST /v1/bots"] = try #require(bot["id"]?.stringValue, "\(bot.text)")
        return tenant
    }

    /// The object that a route is called on; a fresh one for a route that deletes it.
    private static func object(for route: String, of tenant: Tenant, _ world: ScenarioWorld) async throws -> String? {
        guard let maker = rows[route]?.maker else { return nil }
        guard route.hasPrefix("DELETE"), let row = rows[maker] else { return tenant.objects[maker] }
        return try await call(world, maker, id: nil, row.body, key: tenant.key).body["id"]?.stringValue
    }

    private static func key(
        _ world: ScenarioWorld,
        _ role: KeyAccess.Role,
        _ scopes: [KeyAccess.Scope] = []
    ) async throws -> (id: String, text: String) {
        let body: JSONValue = [
            "label": "test", "role": .string(role.rawValue), "scopes": .array(scopes.map { .string($0.rawValue) }),
        ]
        let made = try await call(world, "POST /v1/api_keys", id: nil, body, key: world.apiKey).body
        return (try #require(made["id"]?.stringValue, "\(made.text)"), try #require(made["key"]?.stringValue))
    }

    @Test("has a row for every route, and no other")
    func rows() async throws {
        try await withWorld { world in
            #expect(Set(Self.rows.keys) == Set(world.gateway.merchantAPI.merchantRoutes.map(\.name)))
        }
    }

    @Test("answers another merchant's object like an unknown one, on every route that names an object")
    func tenants() async throws {
        try await withWorld { world in
            let other = try await world.gateway.addMerchant(
                name: "Other",
                feeBasisPoints: 0,
                webhookURL: nil
            )
            let (mine, theirs) = (
                try await Self.make(world, key: world.apiKey), try await Self.make(world, key: other.apiKey)
            )
            for (route, row) in Self.rows.sorted(by: { $0.key < $1.key }) {
                guard !row.isOperators, let maker = row.maker, let foreign = theirs.objects[maker] else { continue }
                let own = try #require(try await Self.object(for: route, of: mine, world))
                let missing = own.prefix { $0 != "_" } + "_00000000000000000000000001"
                let seen = try await Self.call(world, route, id: foreign, row.body, key: mine.key)
                let nothing = try await Self.call(world, route, id: String(missing), row.body, key: mine.key)
                #expect(seen.status == nothing.status && seen.body["code"] == nothing.body["code"], "\(route)")
                #expect((400...499).contains(seen.status) && seen.status != 403, "\(route): \(seen.body.text)")
                #expect(!seen.body.text.contains("mer_"), "\(route) tells whose it is")
                // The object is unchanged, and one's own is found.
                let found = try await Self.call(world, route, id: own, row.body, key: mine.key)
                #expect(![401, 403, 404].contains(found.status), "\(route): \(found.body.text)")
            }
            for (route, row) in Self.rows where route.hasPrefix("GET") && row.maker == nil {
                let listed = try await Self.call(world, route, id: nil, nil, key: mine.key).body.text
                for (_, id) in theirs.objects { #expect(!listed.contains(id), "\(route) lists \(id)") }
            }
        }
    }

    @Test("answers a deleted object like an unknown one")
    func deleted() async throws {
        try await withWorld { world in
            let mine = try await Self.make(world, key: world.apiKey)
            let route = "DELETE /v1/webhook_endpoints/{id}"
            let id = try #require(try await Self.object(for: route, of: mine, world))
            #expect(try await Self.call(world, route, id: id, nil, key: mine.key).body["deleted"]?.boolValue == true)
            for (route, row) in Self.rows where route.contains("/v1/webhook_endpoints/{id}") {
                let status = try await Self.call(world, route, id: id, row.body, key: mine.key).status
                #expect(status == 404, "\(route)")
            }
            let listed = try await Self.call(world, "GET /v1/webhook_endpoints", id: nil, nil, key: mine.key).body
            #expect(!listed.text.contains(id))
        }
    }

    @Test("gives each kind of key its rights and no others, on every route")
    func roles() async throws {
        try await withWorld { world in
            let mine = try await Self.make(world, key: world.apiKey)
            let publishable = try await Self.key(world, .publishable)
            let revoked = try await Self.key(world, .secret)
            _ = try await Self.call(world, "DELETE /v1/api_keys/{id}", id: revoked.id, nil, key: world.apiKey)
            let granted = KeyAccess.Scope.allCases.filter(\.canBeGranted)
            for route in world.gateway.merchantAPI.merchantRoutes {
                let row = try #require(Self.rows[route.name])
                let id = try await Self.object(for: route.name, of: mine, world)
                func status(_ key: String) async throws -> Int {
                    try await Self.call(world, route.name, id: id, row.body, key: key).status
                }
                for wrong in [
                    "", "sk_test_x", revoked.text, world.apiKey + "0", world.apiKey.replacing("sk_", with: "rk_"),
                ] {
                    #expect(try await status(wrong) == 401, "\(route.name) with \(wrong)")
                }
                #expect(try await (status(publishable.text) == 403) == !route.isPublishable, "\(route.name)")
                // Each of its scopes is needed, and all of them are enough.
                var keys: [String] = []
                for scope in route.scopes {
                    let others = try await Self.key(world, .restricted, granted.filter { $0 != scope })
                    #expect(try await status(others.text) == 403, "\(route.name) without \(scope)")
                    keys.append(others.id)
                }
                if route.scopes.allSatisfy(\.canBeGranted) {
                    let enough = try await Self.key(world, .restricted, route.scopes)
                    #expect(try await ![401, 403, 404].contains(status(enough.text)), "\(route.name)")
                    keys.append(enough.id)
                }
                // A merchant has at most a hundred keys.
                for key in keys {
                    _ = try await Self.call(world, "DELETE /v1/api_keys/{id}", id: key, nil, key: world.apiKey)
                }
            }
        }
    }

    @Test("asks for the scope of refunds when a case is resolved by a refund")
    func refundByCase() async throws {
        try await withWorld { world in
            let mine = try await Self.make(world, key: world.apiKey)
            let route = "POST /v1/cases/{id}/resolve"
            for (scopes, expected) in [([KeyAccess.Scope.casesWrite], 403), ([.casesWrite, .refundsWrite], 200)] {
                let key = try await Self.key(world, .restricted, scopes)
                let body: JSONValue = ["action": "refund"]
                let answer = try await Self.call(world, route, id: mine.objects["case"], body, key: key.text)
                #expect(answer.status == expected, "\(scopes): \(answer.body.text)")
            }
        }
    }

    @Test("lets no key make one with more rights, and shows a publishable key nothing private")
    func escalation() async throws {
        try await withWorld { world in
            let granted = KeyAccess.Scope.allCases.filter(\.canBeGranted)
            let restricted = try await Self.key(world, .restricted, granted)
            let wish: JSONValue = ["label": "more", "role": "secret"]
            #expect(try await Self.call(world, "POST /v1/api_keys", id: nil, wish, key: restricted.text).status == 403)
            for (role, scopes) in [
                ("restricted", []), ("secret", ["invoices:read"]), ("restricted", ["api_keys:write"]),
            ] {
                let body: JSONValue = [
                    "label": "x", "role": .string(role), "scopes": .array(scopes.map(JSONValue.string)),
                ]
                let refused = try await Self.call(world, "POST /v1/api_keys", id: nil, body, key: world.apiKey)
                #expect([400, 422].contains(refused.status), "\(body.text)")
            }
            var order = InterfaceTests.order.members ?? []
            order += [
                .init("metadata", ["secret": "yes"]), .init("reference", "order-17"), .init("payer", .integer(5)),
            ]
            let made = try await Self.call(world, "POST /v1/invoices", id: nil, .object(order), key: world.apiKey).body
            let page = try await Self.key(world, .publishable)
            let seen = try await Self.call(
                world,
                "GET /v1/invoices/{id}",
                id: made["id"]?.stringValue,
                nil,
                key: page.text
            ).body
            #expect(seen["state"]?.stringValue == "new")
            for name in ["metadata", "reference", "payer"] { #expect(seen[name] == nil, "\(name)") }
        }
    }

    @Test("lets the operator alone add and see merchants")
    func operators() async throws {
        try await withWorld { world in
            let mine = try await Self.call(world, "POST /v1/merchants", id: nil, ["name": "Mine"], key: world.apiKey)
            #expect(mine.status == 403)
            let key = try await world.gateway.merchantAPI.makeOperatorKey()
            for name in ["", String(repeating: "n", count: 101)] {
                let refused = try await Self.call(
                    world,
                    "POST /v1/merchants",
                    id: nil,
                    ["name": .string(name)],
                    key: key
                )
                #expect(refused.status == 422)
            }
            let made = try await Self.call(
                world,
                "POST /v1/merchants",
                id: nil,
                ["name": "Tea", "fee_basis_points": .integer(50)],
                key: key
            )
            #expect(made.status == 201 && made.body["fee_basis_points"]?.integerValue == 50)
            let theirs = try #require(made.body["api_key"]?.stringValue)
            #expect(try await Self.call(world, "GET /v1/invoices", id: nil, nil, key: theirs).status == 200)
            let id = made.body["id"]?.stringValue
            let read = try await Self.call(world, "GET /v1/merchants/{id}", id: id, nil, key: key)
            #expect(read.body["name"]?.stringValue == "Tea" && read.body["api_key"] == nil)
            let listed = try await Self.call(world, "GET /v1/merchants", id: nil, nil, key: key).body
            #expect(listed["data"]?.arrayValue?.count == 3)
        }
    }

    @Test("states the remaining rate limit and the version in every answer")
    func limits() async throws {
        try await withWorld { world in
            let fields = [HTTPField("Authorization", "Bearer \(world.apiKey)")]
            let first = await world.gateway.router.respond(to: HTTPRequest(url: "/v1/balances", fields: fields))
            #expect(first.field("RateLimit-Policy") == "\"key\";q=6000;w=60")
            #expect(first.field("RateLimit") == "\"key\";r=999;t=1")
            #expect(first.field("Gateway-Version") == RESTAPI.version)
            let old = fields + [HTTPField("Gateway-Version", "2020-01-01")]
            #expect(await world.gateway.router.respond(to: HTTPRequest(url: "/v1/balances", fields: old)).status == 400)
        }
    }
}
