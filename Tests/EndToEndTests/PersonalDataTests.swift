import DatabaseEngines
import FixtureTelegram
import Foundation
import Gateway
import HTTPMessages
import HTTPServer
import Logging
import MerchantAPI
import Payments
import Records
import Routing
import Sandbox
import Scenarios
import Seams
import Settlement
import Storage
import StrictJSON
import Synchronization
import Testing

/// A merchant's server that remembers its requests.
private final class Listener: Sendable {
    let bodies = Mutex<[String: [String]]>([:])

    func start() async throws -> HTTPServer {
        try await HTTPServer.start(
            HTTPServer.Configuration(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            handler: HTTPServer.Handler { request in
                let text = String(decoding: request.body, as: UTF8.self)
                self.bodies.withLock { $0[request.url, default: []].append(text) }
                return HTTPResponse(status: 204)
            }
        )
    }
}

@Suite("Personal data of customers", .serialized)
struct PersonalDataTests {
    private static let customer: JSONValue = [
        "name": "Zoë Canary-Quint", "phone_number": "4915112345678", "email": "canary@quint.example",
        "shipping_address": [
            "country_code": "DE", "state": "", "city": "Kanarienhausen", "street_line1": "Wellenreiterweg 7",
            "street_line2": "", "post_code": "98765-X",
        ],
    ]
    private static let canaries = [
        "Canary-Quint", "4915112345678", "canary@quint", "Kanarienhausen", "Wellenreiterweg", "98765-X",
    ]
    private static let order: JSONValue = [
        "title": "Tea", "description": "Tea", "goods": "physical", "amount": "9.00", "asset": "fiat:EUR",
        "rails": [
            [
                "rail": "telegram_fiat",
                "settings": [
                    "need_name": "true", "need_email": "true", "need_phone_number": "true",
                    "need_shipping_address": "true",
                ],
            ]
        ],
    ]

    private static func call(
        _ world: ScenarioWorld,
        _ method: String,
        _ path: String,
        _ body: JSONValue? = nil,
        key: String? = nil
    ) async throws -> (status: Int, body: JSONValue) {
        let response = await world.gateway.router.respond(
            to: InterfaceTests.request(world, method, path, body, key: key)
        )
        return (response.status, try JSONValue(parsing: response.body))
    }

    private static func key(
        _ world: ScenarioWorld,
        _ role: String,
        _ scopes: [KeyAccess.Scope] = []
    ) async throws
        -> String
    {
        let body: JSONValue = [
            "label": "test", "role": .string(role), "scopes": .array(scopes.map { .string($0.rawValue) }),
        ]
        let made = try await call(world, "POST", "/v1/api_keys", body).body
        return try #require(made["key"]?.stringValue, "\(made.text)")
    }

    private static func holdsCanary(_ text: String) -> Bool { canaries.contains { text.contains($0) } }

    /// Opens an order and has the canary pay it.
    private static func sell(_ world: ScenarioWorld) async throws -> (invoice: String, payment: String) {
        world.networks.telegram.tell(customer, by: "quint")
        let opened = try await call(world, "POST", "/v1/invoices", order).body
        let (id, option) = (
            try #require(opened["id"]?.stringValue, "\(opened.text)"),
            try #require(opened["options"]?.arrayValue?.first)
        )
        #expect(try await world.pay(option, by: "quint"))
        try await world.settle()
        let payments = try await call(world, "GET", "/v1/payments?invoice=\(id)").body
        return (id, try #require(payments["data"]?.arrayValue?.first?["id"]?.stringValue))
    }

    @Test("is in payments and their events for keys with the scope, on no other route and for no other key")
    func table() async throws {
        try await withWorld { world in
            let other = try await world.gateway.addMerchant(name: "Other", feeBasisPoints: 0, webhookURL: nil)
            let (invoice, payment) = try await Self.sell(world)
            let events = try await Self.call(world, "GET", "/v1/events?limit=100").body["data"]?.arrayValue ?? []
            let granted = KeyAccess.Scope.allCases.filter(\.canBeGranted)
            let readers: [(name: String, key: String, mayRead: Bool)] = [
                ("secret", world.apiKey, true),
                ("with the scope", try await Self.key(world, "restricted", granted), true),
                (
                    "without the scope",
                    try await Self.key(world, "restricted", granted.filter { $0 != .personalDataRead }), false
                ),
                ("publishable", try await Self.key(world, "publishable"), false),
                ("another merchant's", other.apiKey, false),
                ("operator", try await world.gateway.merchantAPI.makeOperatorKey(), false),
            ]
            let telling: Set = ["invoice.settled", "payment.received"]
            var places: [(path: String, tells: Bool)] = [
                ("/v1/payments?limit=100", true), ("/v1/payments/\(payment)", true),
                ("/v1/payments/\(payment)?expand[]=invoice", true), ("/v1/events?limit=100", true),
                ("/v1/invoices/\(invoice)", false), ("/v1/cases", false),
            ]
            for event in events {
                let (id, type) = (event["id"]?.stringValue ?? "", event["type"]?.stringValue ?? "")
                places.append(("/v1/events/\(id)", telling.contains(type)))
            }
            for route in world.gateway.merchantAPI.merchantRoutes where route.name.hasPrefix("GET") {
                guard !route.name.contains("{"), !places.contains(where: { route.name.hasSuffix($0.path) }) else {
                    continue
                }
                let path = String(route.name.dropFirst("GET ".count))
                places.append((path, ["/v1/payments", "/v1/events"].contains(path)))
            }
            #expect(events.count { telling.contains($0["type"]?.stringValue ?? "") } == 2)
            for (path, tells) in places {
                for reader in readers {
                    let seen = try await Self.call(world, "GET", path, key: reader.key).body.text
                    #expect(Self.holdsCanary(seen) == (tells && reader.mayRead), "\(path), \(reader.name): \(seen)")
                }
            }
        }
    }

    @Test("is erased by its merchant's keys with the scope; another merchant's key finds no payment")
    func erasing() async throws {
        try await withWorld { world in
            let other = try await world.gateway.addMerchant(name: "Other", feeBasisPoints: 0, webhookURL: nil)
            let (_, payment) = try await Self.sell(world)
            let path = "/v1/payments/\(payment)/erase_personal_data"
            let reader = try await Self.key(world, "restricted", [.paymentsRead, .personalDataRead])
            let eraser = try await Self.key(world, "restricted", [.personalDataWrite])
            #expect(try await Self.call(world, "POST", path, [:], key: other.apiKey).status == 404)
            #expect(try await Self.call(world, "POST", path, [:], key: reader).status == 403)
            let kept = try await Self.call(world, "GET", "/v1/payments/\(payment)", key: reader).body
            #expect(kept["personal_data"]?["name"]?.stringValue == "Zoë Canary-Quint")
            let erased = try await Self.call(world, "POST", path, [:], key: eraser)
            #expect(erased.status == 200 && erased.body["personal_data"]?.isNull == true)
            let moment = erased.body["personal_data_erased_at"]?.stringValue
            #expect(moment != nil)
            let after = try await Self.call(world, "GET", "/v1/payments/\(payment)", key: reader).body
            #expect(after["personal_data_erased_at"]?.stringValue == moment && !Self.holdsCanary(after.text))
            let events = try await Self.call(world, "GET", "/v1/events?limit=100").body.text
            #expect(!Self.holdsCanary(events))
        }
    }

    @Test("goes to endpoints made with personal_data by a key with the scope, also when an event is sent again")
    func endpoints() async throws {
        let listener = Listener()
        let server = try await listener.start()
        try await withWorld { world in
            let desk = try await Self.key(world, "restricted", [.webhooksWrite, .eventsRead])
            let refused = try await Self.call(
                world,
                "POST",
                "/v1/webhook_endpoints",
                ["url": .string(server.url + "/no"), "personal_data": .bool(true)],
                key: desk
            )
            #expect(
                refused.status == 403 && refused.body["detail"]?.stringValue?.contains("personal_data:read") == true
            )
            for (name, asks) in [("told", true), ("plain", false)] {
                let body: JSONValue = ["url": .string("\(server.url)/\(name)"), "personal_data": .bool(asks)]
                let made = try await Self.call(world, "POST", "/v1/webhook_endpoints", body)
                #expect(made.status == 201 && made.body["personal_data"]?.boolValue == asks, "\(made.body.text)")
            }
            let (_, payment) = try await Self.sell(world)
            let bodies = listener.bodies.withLock { $0 }
            let told = (bodies["/told"] ?? []).filter(Self.holdsCanary)
            #expect(told.count == 2 && told.contains { $0.contains("invoice.settled") }, "\(bodies)")
            #expect(!(bodies["/plain"] ?? []).isEmpty && !(bodies["/plain"] ?? []).contains(where: Self.holdsCanary))
            #expect(bodies["/no"] == nil)
            _ = try await Self.call(world, "POST", "/v1/payments/\(payment)/erase_personal_data", [:])
            listener.bodies.withLock { $0 = [:] }
            for event in try await Self.call(world, "GET", "/v1/events?limit=100").body["data"]?.arrayValue ?? [] {
                _ = try await Self.call(world, "POST", "/v1/events/\(event["id"]?.stringValue ?? "")/redeliver", [:])
            }
            try await world.settle()
            let again = listener.bodies.withLock { $0["/told"] ?? [] }
            #expect(again.contains { $0.contains("invoice.settled") } && !again.contains(where: Self.holdsCanary))
        }
        await server.stop()
    }

    @Test("is readable in no file, log or row at any moment", arguments: Engine.allCases)
    func canary(engine: Engine) async throws {
        let log = KeptLog()
        let place = engine == .postgreSQL ? try engine.place() : nil
        try await withWorld(postgresql: place, logger: log.logger) { world in
            let folder = world.home.folder
            world.networks.telegram.tell(Self.customer, by: "quint")
            let opened = try await Self.call(world, "POST", "/v1/invoices", Self.order).body
            let option = try #require(opened["options"]?.arrayValue?.first)
            #expect(try await world.pay(option, by: "quint"))
            await world.networks.telegram.deliver()
            let database = world.gateway.settlement.database
            // The update is in the inbox and not handled yet.
            #expect(try await database.read { try $0.inboxDepth() } == 1)
            try await Self.expectNoCanary(folder, engine, database, log)
            try await world.settle()
            #expect(try await database.read { try $0.inboxDepth() } == 0)
            let payments = try await Self.call(world, "GET", "/v1/payments").body
            #expect(Self.holdsCanary(payments.text))
            try await Self.expectNoCanary(folder, engine, database, log)
            let bodies = try await database.read { try $0.query("SELECT body FROM inbox", []).map(\.values) }
            #expect(!bodies.isEmpty && bodies.allSatisfy { $0 == [.blob([])] })
        }
    }

    private static func expectNoCanary(
        _ folder: String,
        _ engine: Engine,
        _ database: any Database,
        _ log: KeptLog
    ) async throws {
        let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        var read = 0
        for file in files {
            guard let data = FileManager.default.contents(atPath: folder + "/" + file), !data.isEmpty else { continue }
            read += 1
            for canary in canaries { #expect(data.range(of: Data(canary.utf8)) == nil, "\(file) holds \(canary)") }
        }
        #expect(read > 2)
        let content = try await engine.content(of: database).joined(separator: "\n")
        for canary in canaries {
            let hexadecimal = Array(canary.utf8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            #expect(!content.contains(canary) && !content.contains(hexadecimal), "a row holds \(canary)")
        }
        #expect(!holdsCanary(log.lines.joined(separator: "\n")))
    }

    /// Forms of personal data that Telegram would not send.
    private static let forms: [(what: String, order: String)] = [
        ("no object", #""order_info":17"#),
        ("wrong types", #""order_info":{"name":5,"email":[],"shipping_address":"x"},"shipping_option_id":{}"#),
        ("U+0000", #""order_info":{"name":"a\u0000b"}"#),
        ("half of a pair", #""order_info":{"name":"a\ud83db","email":"\udc00"}"#),
        ("no UTF-8", "\"order_info\":{\"name\":\"a\u{1}b\"}"),
        ("enormous", "\"order_info\":{\"name\":\"" + String(repeating: "n", count: 900_000) + "\"}"),
    ]

    @Test("never stops the credit, whatever its form", arguments: forms.map(\.what))
    func hostile(what: String) async throws {
        let order = try #require(Self.forms.first { $0.what == what }).order
        try await withWorld { world in
            let opened = try await Self.call(world, "POST", "/v1/invoices", Self.order).body
            let (id, option) = (
                try #require(opened["id"]?.stringValue), try #require(opened["options"]?.arrayValue?.first)
            )
            let payload = try #require(option["id"]?.stringValue)
            let text = """
                {"update_id":900,"message":{"message_id":1,"date":\(world.networks.clock.now().seconds),"from":{"id":5},
                "chat":{"id":5},"successful_payment":{"currency":"EUR","total_amount":900,"invoice_payload":"\(payload)",
                "telegram_payment_charge_id":"tch_hostile","provider_payment_charge_id":"p",\(order)}}}
                """
            // U+0001 is replaced by a byte that is not valid in UTF-8.
            let body = Array(text.utf8).map { $0 == 1 ? 0xFF : $0 }
            #expect(try await world.push(body).status == 200)
            try await world.settle()
            let invoice = try await Self.call(world, "GET", "/v1/invoices/\(id)").body
            #expect(invoice["state"]?.stringValue == "settled", "\(invoice.text)")
            let payments = try await Self.call(world, "GET", "/v1/payments?invoice=\(id)").body
            #expect(payments["data"]?.arrayValue?.count == 1 && payments.bytes.count < 8_192)
        }
    }

    @Test("in an unreadable update is set aside sealed, and emptied when the case is closed")
    func unreadable() async throws {
        try await withWorld { world in
            let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
            let body = Array("{\"update_id\":901,\"message\":{\"order_info\":\"Wellenreiterweg\",\"x\":\(deep)}}".utf8)
            for _ in 1...2 { #expect(try await world.push(body).status == 200) }
            try await world.settle()
            let settlement = world.gateway.settlement
            let cases = try await settlement.database.read { session in
                try session.cases(of: nil, state: .open, in: Page(limit: 10))
            }
            #expect(cases.count == 1)
            let id = try #require(cases.first?.id)
            #expect(try await settlement.bytesSetAside(of: id) == body)
            let kept = try await settlement.database.read { try $0.bytesSetAside(of: id) }
            #expect(kept?.isSealed == true)
            let key = try await world.gateway.merchantAPI.makeOperatorKey()
            let closed = try await Self.call(world, "POST", "/v1/cases/\(id)/resolve", ["action": "dismiss"], key: key)
            #expect(closed.status == 200, "\(closed.body.text)")
            #expect(try await settlement.bytesSetAside(of: id) == [])
        }
    }
}
