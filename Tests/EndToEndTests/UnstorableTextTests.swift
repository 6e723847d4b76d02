import CommandParts
import DatabaseEngines
import Foundation
import Gateway
import HTTPMessages
import MerchantAPI
import Routing
import Scenarios
import StrictJSON
import Testing

/// Each text that the OpenAPI document lets merchants send, with characters that no database stores.
@Suite("Text that no database can store", .serialized)
struct UnstorableTextTests {
    /// A text in a request's body: its name in the problem, and a body with this text only.
    fileprivate struct Place {
        let name: String
        let body: @Sendable (_ text: JSONValue) -> JSONValue
    }

    fileprivate struct Document {
        let root: JSONValue

        init() throws {
            let file = projectFolder + "/Config/openapi.json"
            let data = try #require(FileManager.default.contents(atPath: file))
            root = try JSONValue(parsing: Array(data), limits: JSONLimits(maximumBytes: 8 << 20))
        }

        /// Every operation with its method and path template.
        var routes: [(method: String, path: String, operation: JSONValue)] {
            (root["paths"]?.members ?? []).flatMap { path in
                (path.value.members ?? []).map { ($0.key.uppercased(), path.key, $0.value) }
            }
        }

        func resolved(_ schema: JSONValue) -> JSONValue {
            guard let reference = schema["$ref"]?.stringValue else { return schema }
            return reference.split(separator: "/").dropFirst().reduce(root) { $0[String($1)] ?? .null }
        }

        /// Every text in a schema.
        func places(_ schema: JSONValue, depth: Int = 0) -> [Place] {
            let schema = resolved(schema)
            guard depth < 6 else { return [] }
            var found: [Place] = []
            let kinds =
                [schema["type"]?.stringValue].compactMap { $0 }
                + (schema["type"]?.arrayValue ?? []).compactMap(\.stringValue)
            if kinds.contains("string") || schema["enum"] != nil || schema["const"]?.stringValue != nil {
                found.append(Place(name: "") { $0 })
            }
            for kind in ["oneOf", "anyOf", "allOf"] {
                found += (schema[kind]?.arrayValue ?? []).flatMap { places($0, depth: depth + 1) }
            }
            for member in schema["properties"]?.members ?? [] {
                found += places(member.value, depth: depth + 1).map { $0.within(member.key) }
            }
            if let other = schema["additionalProperties"], other.members != nil {
                found += places(other, depth: depth + 1).map { $0.within("key") }
            }
            if let items = schema["items"] {
                found += places(items, depth: depth + 1).map { place in
                    Place(name: JSONError.place(place.name, within: "[0]")) { .array([place.body($0)]) }
                }
            }
            var names: Set<String> = []
            return found.filter { names.insert($0.name).inserted }
        }
    }

    /// The path with identifiers of the right kind that name no object.
    private static func path(_ template: String) -> String {
        let prefixes = [
            "invoices": "inv", "pay": "inv", "refunds": "ref", "payouts": "po", "webhook_endpoints": "whe",
            "api_keys": "key", "cases": "case", "payment_links": "link", "merchants": "mer", "subscriptions": "sub",
            "bots": "bot", "payments": "pay", "events": "evt", "paid_media": "pm",
        ]
        let parts = template.split(separator: "/").map(String.init)
        return parts.indices.map { index in
            guard parts[index].hasPrefix("{"), index > 0 else { return "/" + parts[index] }
            return "/\(prefixes[parts[index - 1]] ?? "x")_" + String(repeating: "0", count: 25) + "1"
        }
        .joined()
    }

    @Test("is refused, with its place named, in every text of every body", arguments: [false, true])
    func bodies(onPostgreSQL: Bool) async throws {
        let document = try Document()
        let place = onPostgreSQL ? try PostgresServer.newDatabase() : nil
        try await withWorld(postgresql: place) { world in
            let keys = [world.apiKey, try await world.gateway.merchantAPI.makeOperatorKey()]
            var tried = 0
            for (method, template, operation) in document.routes where template.hasPrefix("/v1/") {
                guard let schema = operation["requestBody"]?["content"]?["application/json"]?["schema"] else {
                    continue
                }
                for place in document.places(schema) {
                    for text in ["\"a\\u0000b\"", "\"\\ud800\""] {
                        var answers: [(Int, JSONValue)] = []
                        for key in keys {
                            let marked = place.body(.string("MARK")).text.replacing("\"MARK\"", with: text)
                            var request = InterfaceTests.request(world, method, Self.path(template), [:], key: key)
                            request.body = Array(marked.utf8)
                            let answer = await world.gateway.router.respond(to: request)
                            answers.append((answer.status, try JSONValue(parsing: answer.body)))
                        }
                        let hit = answers.contains { $0.0 == 400 && $0.1["param"]?.stringValue == place.name }
                        #expect(
                            hit,
                            "\(method) \(template) \(place.name) \(text): \(answers.map { "\($0.0) \($0.1.text)" })"
                        )
                        tried += 1
                    }
                }
            }
            #expect(tried > 100, "\(tried)")
        }
    }

    @Test("is refused, with its parameter named, in every query", arguments: [false, true])
    func queries(onPostgreSQL: Bool) async throws {
        let document = try Document()
        let place = onPostgreSQL ? try PostgresServer.newDatabase() : nil
        try await withWorld(postgresql: place) { world in
            let keys = [world.apiKey, try await world.gateway.merchantAPI.makeOperatorKey()]
            var tried = 0
            for (method, template, operation) in document.routes where template.hasPrefix("/v1/") && method == "GET" {
                for parameter in (operation["parameters"]?.arrayValue ?? []).map(document.resolved)
                where parameter["in"]?.stringValue == "query" {
                    let name = try #require(parameter["name"]?.stringValue)
                    var answers: [(Int, JSONValue)] = []
                    for key in keys {
                        let url = Self.path(template) + "?\(name)=a%00b"
                        let answer = await world.gateway.router.respond(
                            to: InterfaceTests.request(world, "GET", url, key: key)
                        )
                        answers.append((answer.status, try JSONValue(parsing: answer.body)))
                    }
                    let hit = answers.contains { $0.0 == 400 && $0.1["param"]?.stringValue == name }
                    #expect(hit, "\(template) \(name): \(answers.map { "\($0.0) \($0.1.text)" })")
                    tried += 1
                }
            }
            #expect(tried > 20, "\(tried)")
        }
    }

    @Test(
        "in forms, cookies and addresses of the checkout page opens nothing and stops nothing",
        arguments: [false, true]
    )
    func checkout(onPostgreSQL: Bool) async throws {
        let place = onPostgreSQL ? try PostgresServer.newDatabase() : nil
        try await withWorld(postgresql: place) { world in
            let order: JSONValue = [
                "title": "Tea", "description": "Tea", "goods": "physical", "amount": "1", "asset": "ton:testnet:native",
                "rails": [["rail": "ton"]],
            ]
            let made = try await world.merchant.post("/v1/invoices", order, idempotencyKey: "one")
            let id = try #require(made["id"]?.stringValue)
            let option = try #require(made["options"]?.arrayValue?.first?["id"]?.stringValue)
            func status(_ method: String, _ url: String, _ body: String = "", _ fields: [HTTPField] = []) async -> Int {
                await world.gateway.router.respond(
                    to: HTTPRequest(method: method, url: url, fields: fields, body: Array(body.utf8))
                ).status
            }
            for form in [
                "wallet=%00&option=\(option)", "wallet=sandbox-wallet&option=%00",
                "wallet=sandbox-wallet%00&option=\(option)",
                "wallet=sandbox-wallet&option=\(option)%00", "%00=%00",
            ] {
                #expect((400...499).contains(await status("POST", "/pay/\(id)/wallet", form)), "\(form)")
            }
            for text in ["\\u0000", "user=%00&hash=00", "\\ud800", "auth_date=1&user=\\u0000&hash=\\u0000"] {
                let body = "{\"init_data\":\"\(text)\"}"
                #expect((400...499).contains(await status("POST", "/pay/\(id)/session", body)), "\(text)")
            }
            for url in ["/pay/\(id)%00", "/pay/\(id)/qr/%00.svg", "/pay/%00", "/buy/%00", "/pay/\(id)/%00"] {
                #expect((400...499).contains(await status("GET", url)), "\(url)")
            }
            let cookies = [HTTPField("Cookie", "pay_session=%00; pay_rail=%00; buy_x=%00")]
            #expect(await status("GET", "/pay/\(id)?lang=%00", "", cookies) == 200)
            #expect(await status("GET", "/readyz") == 200)
        }
    }
}

extension UnstorableTextTests.Place {
    /// The same place in a member of an object.
    fileprivate func within(_ key: String) -> Self {
        Self(name: JSONError.place(name, within: key)) { [body] in .object([.init(key, body($0))]) }
    }
}
