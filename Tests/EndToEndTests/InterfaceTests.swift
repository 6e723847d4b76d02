import CommandParts
import Foundation
import Gateway
import HTTPMessages
import MerchantAPI
import Payments
import Routing
import Scenarios
import Seams
import Settlement
import Storage
import StrictJSON
import Testing

@Suite("The HTTP interface", .serialized)
struct InterfaceTests {
    static let order: JSONValue = [
        "title": "Tea", "description": "Tea", "goods": "physical", "amount": "1.5", "asset": "ton:testnet:native",
        "rails": [["rail": "ton"]],
    ]

    static func request(
        _ world: ScenarioWorld,
        _ method: String,
        _ path: String,
        _ body: JSONValue? = nil,
        key: String? = nil,
        fields: [HTTPField] = []
    ) -> HTTPRequest {
        var all = fields + [HTTPField("Authorization", "Bearer \(key ?? world.apiKey)")]
        if body != nil { all.append(HTTPField("Content-Type", "application/json")) }
        return HTTPRequest(method: method, url: path, fields: all, body: body?.bytes ?? [])
    }

    private static func json(_ response: HTTPResponse) throws -> JSONValue { try JSONValue(parsing: response.body) }

    @Test("answers every wrong request, also one with missing or unknown members, with a problem that says what to do")
    func problems() async throws {
        try await withWorld { world in
            let router = world.gateway.router
            func changed(_ key: String, _ value: JSONValue?) -> JSONValue {
                let kept = (Self.order.members ?? []).filter { $0.key != key }
                return .object(kept + (value.map { [.init(key, $0)] } ?? []))
            }
            let cases: [(Int, String, HTTPRequest)] = [
                (401, "unauthorized", HTTPRequest(url: "/v1/invoices")),
                (401, "unauthorized", Self.request(world, "GET", "/v1/invoices", key: world.apiKey + "0")),
                (401, "unauthorized", Self.request(world, "GET", "/v1/invoices", key: "sk_live_x_y")),
                (404, "not_found", Self.request(world, "GET", "/v1/nothing")),
                (404, "not_found", Self.request(world, "GET", "/v1/invoices/inv_00000000000000000000000001")),
                (404, "not_found", Self.request(world, "GET", "/v1/invoices/nonsense")),
                (404, "not_found", HTTPRequest(url: "/")),
                (405, "method_not_allowed", Self.request(world, "DELETE", "/v1/invoices")),
                (405, "method_not_allowed", HTTPRequest(method: "POST", url: "/livez")),
                (400, "invalid_request", Self.request(world, "GET", "/v1/invoices?limit=0")),
                (400, "invalid_request", Self.request(world, "GET", "/v1/invoices?limit=101")),
                (400, "invalid_request", Self.request(world, "GET", "/v1/invoices?sort=x")),
                (400, "invalid_request", Self.request(world, "POST", "/v1/invoices", [])),
                (400, "invalid_request", Self.request(world, "POST", "/v1/invoices", changed("title", nil))),
                (
                    400, "invalid_request",
                    Self.request(world, "POST", "/v1/invoices", changed("amount", .number("1.5")))
                ),
                (422, "invalid_request", Self.request(world, "POST", "/v1/invoices", changed("amount", "1e2"))),
                (422, "invalid_request", Self.request(world, "POST", "/v1/invoices", changed("amount", "0"))),
                (422, "invalid_request", Self.request(world, "POST", "/v1/invoices", changed("amount", "-1"))),
                (400, "invalid_request", Self.request(world, "POST", "/v1/invoices", changed("state", "settled"))),
                (400, "invalid_request", Self.request(world, "POST", "/v1/invoices", changed("goods", "stolen"))),
                (
                    400, "invalid_request",
                    Self.request(
                        world,
                        "POST",
                        "/v1/invoices",
                        changed("line_items", [["label": "Tea", "amount": "1.5", "tax": "0.1"]])
                    )
                ),
                (
                    400, "invalid_request",
                    Self.request(
                        world,
                        "POST",
                        "/v1/invoices",
                        changed("line_items", [["label": "", "amount": "1.5"]])
                    )
                ),
                (422, "unknown_asset", Self.request(world, "POST", "/v1/invoices", changed("asset", "fiat:XXX"))),
                (422, "refused_by_policy", Self.request(world, "POST", "/v1/invoices", changed("goods", "digital"))),
            ]
            for (status, code, request) in cases {
                let response = await router.respond(to: request)
                let problem = try Self.json(response)
                #expect(response.status == status, "\(request.method) \(request.url): \(problem.text)")
                #expect(problem["code"]?.stringValue == code, "\(request.method) \(request.url): \(problem.text)")
                #expect(response.field("Content-Type") == "application/problem+json")
                for member in ["type", "title", "status", "detail", "instance", "request_id"] {
                    #expect(problem[member] != nil, "\(member) of \(request.url)")
                }
            }
        }
    }

    @Test("offers an EVM chain outside Telegram only, and the refusal names the rule")
    func evmInTelegram() async throws {
        try await withWorld { world in
            for (place, status) in [("telegram", 422), ("web", 201)] {
                let order: JSONValue = [
                    "title": "Tea", "description": "Tea", "goods": "physical", "amount": "0.5",
                    "asset": .string(world.assetText("evm:sandbox:native")), "place": .string(place),
                    "rails": [["rail": "evm"]],
                ]
                let key = [HTTPField("Idempotency-Key", "evm-\(place)")]
                let request = Self.request(world, "POST", "/v1/invoices", order, fields: key)
                let response = await world.gateway.router.respond(to: request)
                #expect(response.status == status)
                guard status == 422 else { continue }
                let problem = try Self.json(response)
                #expect(problem["code"]?.stringValue == "refused_by_policy")
                #expect(problem["detail"]?.stringValue?.contains("physical-goods-in-telegram") == true)
            }
        }
    }

    @Test("runs a request with an idempotency key once, however many copies arrive at the same time")
    func idempotency() async throws {
        try await withWorld { world in
            let key = [HTTPField("Idempotency-Key", "order-1")]
            let request = Self.request(world, "POST", "/v1/invoices", Self.order, fields: key)
            let answers = await withTaskGroup(of: HTTPResponse.self) { group in
                for _ in 0..<50 { group.addTask { await world.gateway.router.respond(to: request) } }
                return await group.reduce(into: [HTTPResponse]()) { $0.append($1) }
            }
            #expect(answers.allSatisfy { [201, 409].contains($0.status) })
            let made = Set(try answers.filter { $0.status == 201 }.map { try Self.json($0)["id"]?.stringValue })
            #expect(made.count == 1)
            let list = try await world.merchant.get("/v1/invoices")
            #expect(list["data"]?.arrayValue?.count == 1)
            let again = await world.gateway.router.respond(to: request)
            #expect(again.status == 201 && again.field("Idempotency-Replayed") == "true")
            let other = Self.request(world, "POST", "/v1/invoices", [:], fields: key)
            #expect(await world.gateway.router.respond(to: other).status == 400)
            var changed = Self.order.members ?? []
            changed[0] = .init("title", "Coffee")
            let twin = Self.request(world, "POST", "/v1/invoices", .object(changed), fields: key)
            #expect(await world.gateway.router.respond(to: twin).status == 422)
        }
    }

    @Test("returns a new API key again to a repeated request, and stores it in no readable form")
    func sealedAnswers() async throws {
        try await withWorld { world in
            let folder = URL(fileURLWithPath: world.home.configurationPath).deletingLastPathComponent().path
            let fields = [HTTPField("Idempotency-Key", "key-1")]
            let bodies: [(String, JSONValue, String)] = [
                ("/v1/api_keys", ["label": "k", "role": "secret"], "key"),
                ("/v1/webhook_endpoints", ["url": "https://shop.example/events"], "secret"),
            ]
            for (path, body, member) in bodies {
                let request = Self.request(world, "POST", path, body, fields: fields)
                let (first, again) = (
                    await world.gateway.router.respond(to: request), await world.gateway.router.respond(to: request)
                )
                #expect(first.status == 201 && again.body == first.body)
                let secret = try #require(try Self.json(first)[member]?.stringValue)
                // A thief of the database would have these files.
                for file in try FileManager.default.contentsOfDirectory(atPath: folder)
                where file.hasPrefix("settlegate.sqlite") {
                    let bytes = FileManager.default.contents(atPath: "\(folder)/\(file)") ?? Data()
                    #expect(bytes.range(of: Data(secret.suffix(24).utf8)) == nil, "\(path) in \(file)")
                }
            }
        }
    }

    @Test("answers a nearly right API key like an unknown one")
    func guessedKeys() async throws {
        try await withWorld { world in
            let (key, last) = (world.apiKey.dropLast(), world.apiKey.last ?? "0")
            let secret = key.split(separator: "_").last ?? ""
            let guesses = [
                key + (last == "0" ? "1" : "0"),
                key.dropLast(secret.count) + String(repeating: "0", count: secret.count + 1),
                "sk_test_00000000000000000000000001_" + String(repeating: "0", count: secret.count + 1),
            ]
            var answers: Set<[UInt8]> = []
            for guess in guesses {
                let request = Self.request(world, "GET", "/v1/invoices", key: String(guess))
                let response = await world.gateway.router.respond(to: request)
                #expect(response.status == 401, "\(guess)")
                let members = try JSONValue(parsing: response.body).members ?? []
                answers.insert(JSONValue.object(members.filter { $0.key != "request_id" }).bytes)
            }
            #expect(answers.count == 1)
        }
    }

    @Test("takes updates with Telegram's secret only, and each once")
    func telegramSecret() async throws {
        try await withWorld { world in
            let body = Array(#"{"update_id":900,"message":{"message_id":1,"date":1,"chat":{"id":1}}}"#.utf8)
            let name = "X-Telegram-Bot-Api-Secret-Token"
            let wrong: [[HTTPField]] = [
                [], [HTTPField(name, "wrong")], [HTTPField(name, "")], [HTTPField(name, "a"), HTTPField(name, "a")],
            ]
            // Also when the path is written in another way.
            for url in ["/telegram/shop", "//telegram/shop", "/telegram//shop/", "///telegram/shop?a=b"] {
                for fields in wrong {
                    let request = HTTPRequest(method: "POST", url: url, fields: fields, body: body)
                    #expect(await world.gateway.router.admit(request)?.status == 401, "\(url)")
                }
            }
            let nobody = HTTPRequest(method: "POST", url: "/telegram/nobody", fields: wrong[1], body: body)
            #expect(await world.gateway.router.admit(nobody)?.status == 401)
        }
    }

    @Test(
        "stores each relevant update before it answers, and no chat messages",
        arguments: [
            (#""message":{"message_id":1,"date":1,"chat":{"id":1},"text":"good morning"}"#, 0),
            (#""message":{"message_id":1,"date":1,"chat":{"id":1}}"#, 0),
            (#""message":{"message_id":1,"date":1,"chat":{"id":1},"text":"/paysupport"}"#, 1),
            (#""message":{"message_id":1,"date":1,"chat":{"id":1},"successful_payment":{}}"#, 1),
            (#""message":{"message_id":1,"date":1,"chat":{"id":1},"refunded_payment":{}}"#, 1),
            (#""subscription":{}"#, 1),
            (#""something_new":{}"#, 1),
        ]
    )
    func inbox(_ content: String, kept: Int) async throws {
        try await withWorld { world in
            let body = Array("{\"update_id\":900,\(content)}".utf8)
            for _ in 1...2 { #expect(try await world.push(body).status == 200) }
            let depth = try await world.gateway.settlement.database.read { try $0.inboxDepth() }
            #expect(depth == kept)
        }
    }

    @Test("pages through lists without losing or repeating anything, in both directions")
    func pages() async throws {
        try await withWorld { world in
            var ids: [String] = []
            for number in 0..<7 {
                let made = try await world.merchant.post("/v1/invoices", Self.order, idempotencyKey: "p\(number)")
                ids.insert(try #require(made["id"]?.stringValue), at: 0)
            }
            var seen: [String] = []
            var path = "/v1/invoices?limit=3"
            while true {
                let page = try await world.merchant.get(path)
                let found = (page["data"]?.arrayValue ?? []).compactMap { $0["id"]?.stringValue }
                seen += found
                guard page["has_more"]?.boolValue == true, let last = found.last else { break }
                path = "/v1/invoices?limit=3&starting_after=\(last)"
            }
            #expect(seen == ids)
            let back = try await world.merchant.get("/v1/invoices?limit=3&ending_before=\(ids[5])")
            #expect(back["data"]?.arrayValue?.compactMap { $0["id"]?.stringValue } == Array(ids[2..<5]))
            #expect(back["has_more"]?.boolValue == true)
        }
    }

    @Test("answers health, readiness and metrics")
    func operations() async throws {
        try await withWorld { world in
            _ = try await world.merchant.get("/v1/invoices")
            for path in ["/livez", "/readyz"] {
                #expect(await world.gateway.router.respond(to: HTTPRequest(url: path)).status == 200)
            }
            let metrics = await world.gateway.router.respond(to: HTTPRequest(url: "/metrics"))
            let text = String(decoding: metrics.body, as: UTF8.self)
            #expect(text.contains("settlegate_requests_total{route=\"/v1/invoices\",method=\"GET\",status=\"200\"}"))
            #expect(text.contains("settlegate_outbox_depth 0"))
        }
    }

    @Test("names what is wrong in readiness and metrics, and answers 503 only for what blocks requests")
    func conditions() async throws {
        try await withWorld { world in
            func answer(_ path: String) async -> (status: Int, text: String) {
                let response = await world.gateway.router.respond(to: HTTPRequest(url: path))
                return (response.status, String(decoding: response.body, as: UTF8.self))
            }
            let board = world.gateway.settlement.conditions
            let now = world.gateway.settlement.clock.now()
            board.raise("scan ton-testnet", .degraded, "the history does not join up", at: now)
            #expect(await answer("/readyz") == (200, "ready\nscan ton-testnet: the history does not join up\n"))
            board.raise("clock", .blocking, "it has jumped", at: now)
            #expect(await answer("/readyz").status == 503)
            #expect(
                await answer("/metrics").text
                    .contains("settlegate_condition{name=\"clock\",blocking=\"true\"} 1")
            )
            board.clear("clock")
            #expect(await answer("/readyz").status == 200)
        }
    }

    @Test("tells of each duty whether it fails, and since when, or is done by another gateway")
    func duties() async throws {
        try await withWorld { world in
            func answer(_ path: String) async -> String {
                String(decoding: await world.gateway.router.respond(to: HTTPRequest(url: path)).body, as: UTF8.self)
            }
            let board = world.gateway.settlement.duties
            var (waiting, failing, elsewhere) = (DutyState(), DutyState(), DutyState())
            waiting.lastSuccess = Timestamp(seconds: 1_000)
            failing.failingSince = Timestamp(seconds: 2_000)
            (failing.failures, failing.causes, failing.isRunning) = (3, ["provider: unavailable"], true)
            elsewhere.isElsewhere = true
            for (name, state) in [("a", waiting), ("b", failing), ("c", elsewhere)] { board.show(state, of: name) }
            let ready = """
                ready
                duty b: failing since \(Timestamp(seconds: 2_000)) (provider: unavailable)
                duty c: elsewhere, another gateway does it

                """
            #expect(await answer("/readyz") == ready)
            let metrics = await answer("/metrics").split(separator: "\n").filter { $0.hasPrefix("settlegate_duty_") }
            let expected = [
                "running{duty=\"a\"} 0", "running{duty=\"b\"} 1", "running{duty=\"c\"} 0", "elsewhere{duty=\"b\"} 0",
                "elsewhere{duty=\"c\"} 1", "failures{duty=\"b\"} 3",
                "failing_since_timestamp_seconds{duty=\"b\"} 2000", "last_success_timestamp_seconds{duty=\"a\"} 1000",
            ]
            for line in expected { #expect(metrics.contains(Substring("settlegate_duty_" + line)), "\(line)") }
            // What was never done, or does not fail, has no moment.
            #expect(metrics.count { $0.contains("_timestamp_seconds{") } == 2)
            let list = try JSONValue(parsing: Array(await answer("/duties").utf8))["data"]?.arrayValue ?? []
            #expect(list.compactMap { $0["state"]?.stringValue } == ["waiting", "failing", "elsewhere"])
            #expect(
                list[1]["causes"]?.arrayValue == ["provider: unavailable"] && list[1]["failures"]?.integerValue == 3
            )
        }
    }

    @Test("has an OpenAPI document with every route and no other")
    func document() async throws {
        try await withWorld { world in
            let response = await world.gateway.router.respond(to: HTTPRequest(url: "/openapi.json"))
            let document = try JSONValue(parsing: response.body)
            #expect(document["openapi"]?.stringValue == "3.1.0")
            #expect(document.text.contains(JSONValue.string(WebAddress.pattern).text))
            var documented: Set<String> = []
            for path in document["paths"]?.members ?? [] {
                for method in path.value.members ?? [] { documented.insert("\(method.key.uppercased()) \(path.key)") }
            }
            #expect(documented == Set(world.gateway.router.routeNames))
            for (route, paths) in world.gateway.merchantAPI.expandablePaths {
                let parts = route.split(separator: " ")
                let operation = document["paths"]?[String(parts[1])]?[parts[0].lowercased()]
                let named = operation?["parameters"]?.arrayValue?.first { $0["name"] == "expand[]" }
                let values = named?["schema"]?["items"]?["enum"]?.arrayValue ?? []
                #expect(Set(values.compactMap(\.stringValue)) == Set(paths), "\(route)")
            }
            #expect(Set((document["webhooks"]?.members ?? []).map(\.key)) == Settlement.eventTypes)
            let operation = document["paths"]?["/v1/webhook_endpoints"]?["post"]
            let body = operation?["requestBody"]?["content"]?["application/json"]?["schema"]
            let types = body?["properties"]?["types"]?["items"]?["enum"]?.arrayValue ?? []
            #expect(types.compactMap(\.stringValue) == Settlement.eventTypes.sorted())
        }
    }
}
