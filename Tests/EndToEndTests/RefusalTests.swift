import Gateway
import HTTPMessages
import Providers
import Routing
import Sandbox
import Scenarios
import Settlement
import StrictJSON
import Testing

@Suite("A refusal", .serialized)
struct RefusalTests {
    private static func answer(_ world: ScenarioWorld, _ request: HTTPRequest) async throws -> (Int, JSONValue) {
        let response = await world.gateway.router.respond(to: request)
        return (response.status, (try? JSONValue(parsing: response.body)) ?? .null)
    }

    @Test("never names internals: types, keys of providers, statements, files")
    func internalNames() async throws {
        try await withWorld { world in
            let keys = world.gateway.settlement.providers.providers.map(\.key)
            let ids = ["inv", "pay", "ref", "pyt", "case", "evt", "link", "sub"].map {
                "\($0)_00000000000000000000000001"
            }
            let bodies: [JSONValue] = [
                .null, [], "x", [:], ["title": .integer(1)], ["payment": "x"], ["rails": [["rail": "x"]]],
                ["amount": "1e9", "asset": "fiat:EUR", "title": "t", "description": "d", "goods": "physical"],
                ["amount": "0.123", "asset": "fiat:EUR", "title": "t", "description": "d", "goods": "physical"],
                [
                    "amount": "0.5", "asset": "telegram:XTR", "title": "t", "description": "d", "goods": "digital",
                    "rails": [["rail": "telegram_stars"]],
                ],
                [
                    "amount": "0.01", "asset": "fiat:EUR", "title": "t", "description": "d", "goods": "physical",
                    "rails": [["rail": "telegram_fiat"], ["rail": "ton"]],
                ],
                ["asset": "ton:testnet:native", "amount": "1", "destination": "nowhere"],
                ["name": "", "url": "x", "token": "x", "types": ["x"], "chat": "x", "media": [["type": "x"]]],
            ]
            var seen = 0
            for outage in ["none", "outage"] {
                try world.networks.control.set("telegram", outage, [:])
                for route in world.gateway.router.routeNames where route.contains("/v1/") {
                    let parts = route.split(separator: " ")
                    let paths =
                        ids.map { parts[1].replacing("{id}", with: $0) } + [parts[1].replacing("{id}", with: "x")]
                    for path in Set(paths) {
                        let queries = parts[0] == "GET" ? ["?limit=x", "?created_from=x", "?x=1", ""] : [""]
                        for query in queries {
                            for body in parts[0] == "GET" ? [JSONValue?.none] : bodies.map({ Optional($0) }) {
                                let request = InterfaceTests.request(world, String(parts[0]), path + query, body)
                                let (status, problem) = try await Self.answer(world, request)
                                guard status >= 400 else { continue }
                                seen += 1
                                let text = [problem["detail"], problem["title"]].compactMap { $0?.stringValue }
                                    .joined(separator: " ")
                                #expect(status != 500, "\(route): \(problem.text)")
                                for key in keys { #expect(!text.contains(key), "\(route): \(text)") }
                                let names =
                                    /[A-Z][a-z]+(Error|ID|Record|Session|Provider)\b|SELECT |INSERT |\.swift|sqlite/
                                #expect(text.firstMatch(of: names) == nil, "\(route): \(text)")
                                #expect(!text.contains("/tmp/") && !text.contains("127.0.0.1"), "\(route): \(text)")
                            }
                        }
                    }
                }
            }
            #expect(seen > 500)
        }
    }

    @Test(
        "meets an invisible name wherever one is taken",
        arguments: [
            " ", "\u{A0}", "\u{200B}", "\u{2060}\u{FEFF}", "\u{3164}", "\u{2800}", "\u{AD}", "\u{300}", "\u{E0020}",
        ]
    )
    func invisible(text: String) async throws {
        try await withWorld { world in
            func changed(_ name: String, _ value: JSONValue, _ order: JSONValue) -> JSONValue {
                .object((order.members ?? []).filter { $0.key != name } + [.init(name, value)])
            }
            let order = InterfaceTests.order
            let club: JSONValue = ["title": "Tea", "description": "Tea", "amount": "10"]
            let media: JSONValue = [
                "chat": "@shop", "title": "Tea", "description": "Tea", "amount": "10",
                "media": [["type": "photo", "media": "https://shop.example/a.jpg"]],
            ]
            let lines: JSONValue = [["label": .string(text), "amount": "1.5"]]
            var requests = [("/v1/invoices", "line_items", changed("line_items", lines, order))]
            for (path, body) in [
                ("/v1/invoices", order), ("/v1/payment_links", order), ("/v1/subscriptions", club),
                ("/v1/paid_media", media),
            ] {
                for name in ["title", "description"] {
                    requests.append((path, name, changed(name, .string(text), body)))
                }
            }
            requests.append(("/v1/api_keys", "label", ["label": .string(text), "role": "secret"]))
            for (path, name, body) in requests {
                let (status, problem) = try await Self.answer(world, InterfaceTests.request(world, "POST", path, body))
                #expect(
                    [400, 422].contains(status) && problem["param"]?.stringValue == name,
                    "\(path): \(problem.text)"
                )
            }
        }
    }

    @Test("of an unescaped plus in a query says so")
    func plus() async throws {
        try await withWorld { world in
            for (query, status) in [
                ("2026-11-26T12:00:00+02:00", 400), ("2026-11-26T12:00:00%2B02:00", 200), ("2026-11-26T10:00:00Z", 200),
            ] {
                let path = "/v1/invoices?created_from=\(query)"
                let (found, answer) = try await Self.answer(world, InterfaceTests.request(world, "GET", path))
                #expect(found == status, "\(query): \(answer.text)")
                guard status == 400 else { continue }
                #expect(answer["param"]?.stringValue == "created_from")
                #expect(answer["detail"]?.stringValue?.contains("%2B") == true)
            }
        }
    }
}
