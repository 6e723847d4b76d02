public import Checkout
import Cryptography
public import HTTPMessages
public import Logging
import Payments
public import Seams
public import Settlement
import Storage
import StrictJSON
public import TelegramIntake
public import Webhooks

/// The gateway's HTTP interface, without sockets: a request in, a response out.
public struct GatewayAPI: Sendable {
    /// Whether money is real, which is part of the API keys.
    public enum Mode: String, Hashable, Sendable {
        case test
        case live
    }

    let settlement: Settlement
    let secrets: EndpointSecrets
    let claims: ClaimRules
    let mode: Mode
    let endpoints: EndpointRule
    let random: any RandomSource
    let logger: Logger
    let telegram: TelegramReceiver
    let checkout: Checkout
    let bots: any BotKeeping
    let metrics: Metrics
    let limiter: RateLimiter
    /// How many invoices strangers open by payment links, each for itself.
    let visitors: RateLimiter
    let keys = KeyCache()
    /// Where strangers' requests are worked on.
    package let strangers = StrangersExecutor()
    let document: [UInt8]
    let readiness: @Sendable () async -> Bool
    private let keepLine: @Sendable (RequestLine) -> Void
    var clock: any WallClock { settlement.clock }

    /// The version of the interface, a date: a key is made for the one of its day.
    public static let version = "2026-11-26"

    /// Whether the keys of this gateway move real money.
    public var keyMode: Mode { mode }

    /// An interface over the use cases.
    ///
    /// - Parameters:
    ///   - settlement: the use cases.
    ///   - secrets: seals endpoints' secrets.
    ///   - claims: how customers claim payments.
    ///   - mode: whether money is real.
    ///   - endpoints: where events may be sent.
    ///   - random: where new secrets come from.
    ///   - telegram: takes Telegram's updates.
    ///   - checkout: the customers' page.
    ///   - bots: adds bots while the gateway runs.
    ///   - metrics: counts.
    ///   - requestsPerMinute: how many requests one API key may make.
    ///   - document: the OpenAPI document.
    ///   - readiness: whether requests can be served.
    ///   - keepLine: told of each request that was answered.
    ///   - logger: told of internal errors.
    public init(
        settlement: Settlement,
        secrets: EndpointSecrets,
        claims: ClaimRules,
        mode: Mode,
        endpoints: EndpointRule,
        random: any RandomSource,
        telegram: TelegramReceiver,
        checkout: Checkout,
        bots: any BotKeeping,
        metrics: Metrics,
        requestsPerMinute: Int = 6_000,
        document: [UInt8],
        readiness: @escaping @Sendable () async -> Bool,
        keepLine: @escaping @Sendable (RequestLine) -> Void = { _ in },
        logger: Logger
    ) {
        self.settlement = settlement
        self.secrets = secrets
        self.claims = claims
        self.mode = mode
        self.endpoints = endpoints
        self.random = random
        self.telegram = telegram
        self.checkout = checkout
        self.bots = bots
        self.metrics = metrics
        limiter = RateLimiter(perMinute: requestsPerMinute, clock: settlement.clock)
        visitors = RateLimiter(perMinute: Visitor.invoicesPerMinute, clock: settlement.clock)
        self.document = document
        self.readiness = readiness
        self.keepLine = keepLine
        self.logger = logger
    }

    /// Answers a request, also one for events that do not end.
    ///
    /// What strangers ask for has a thread of its own, so that no number of them keeps a pre-checkout question waiting.
    public func answer(_ request: HTTPRequest) async -> HTTPAnswer {
        guard isStrangers(request) else { return await answerHere(request) }
        return await withTaskExecutorPreference(strangers) { await answerHere(request) }
    }

    private func answerHere(_ request: HTTPRequest) async -> HTTPAnswer {
        do {
            if let events = try await checkout.events(for: request) { return .events(events) }
        } catch { return .response(await finish(request) { _, _ in throw error }) }
        return .response(await respond(to: request))
    }

    /// Ends the answers that do not end by themselves, so that a server can stop.
    public func stop() { checkout.stop() }

    /// Answers a request.
    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        await finish(request) { target, fields in try await answer(request, target, &fields) }
    }

    /// Makes an answer whole, also a problem: its identifier, its fields, and a line in the metrics.
    func finish(
        _ request: HTTPRequest,
        _ body: (RequestTarget, inout [HTTPField]) async throws -> HTTPResponse
    ) async -> HTTPResponse {
        let start = clock.now()
        let target = RequestTarget(request.url)
        let id = requestID()
        var response: HTTPResponse
        var code: String?
        var fields = [HTTPField("X-Request-Id", id)]
        do { response = try await body(target, &fields) } catch {
            let refusal = Problem(any: error)
            code = refusal.code
            if refusal.status == 500 { logger.error("request \(id) failed: \(error)") }
            response = problem(refusal, target, id)
        }
        response.fields += fields
        let end = clock.now()
        metrics.count(route: target.route, method: request.method, status: response.status, took: end.since(start))
        let outcome = (response.status, code)
        if let line = RequestLine(request, target, id: id, from: start, until: end, outcome) { keepLine(line) }
        return response
    }

    func requestID() -> String { "req_" + Hex.encode(random.bytes(12)) }

    func problem(_ problem: Problem, _ target: RequestTarget, _ id: String) -> HTTPResponse {
        problem.response(path: "/" + target.path.joined(separator: "/"), requestID: id)
    }

    /// Answers, or throws a problem; `fields` are for the head of either.
    private func answer(
        _ request: HTTPRequest,
        _ target: RequestTarget,
        _ fields: inout [HTTPField]
    ) async throws -> HTTPResponse {
        guard request.field("settlegate-body-too-large") == nil else {
            throw Problem(status: 413, code: "too_large", title: "Too large", detail: "a body has at most a megabyte")
        }
        switch (target.path.first, target.path.count) {
        case ("v1", _): return try await merchantAnswer(request, target, &fields)
        case ("telegram", 2):
            guard request.method == "POST" else { throw Problem.methodNotAllowed(["POST"]) }
            return try await telegram.receive(request.body, bot: target.path[1])
        case ("buy", 2): return try await buy(request, target.path[1])
        case ("livez", 1), ("readyz", 1), ("metrics", 1), ("openapi.json", 1):
            guard request.method == "GET" else { throw Problem.methodNotAllowed(["GET"]) }
            return try await operations(target.path[0])
        default:
            guard let response = try await checkout.respond(to: request) else { throw Problem.notFound() }
            return response
        }
    }

    private func operations(_ name: String) async throws -> HTTPResponse {
        switch name {
        case "livez": return Self.text("ok\n")
        case "readyz":
            let isReady = await readiness()
            return Self.readiness(of: settlement.conditions.all, isReady: isReady)
        case "metrics":
            let now = settlement.clock.now()
            _ = await readiness()
            let depths = try await settlement.database.read { session in
                [
                    ("outbox_depth", try session.outboxDepth()), ("inbox_depth", try session.inboxDepth()),
                    ("open_cases", try session.openCaseCount()), ("set_aside", try session.setAsideCount()),
                    ("disabled_endpoints", try session.disabledEndpointCount()),
                    ("overdue_transfers", try OverdueTransfers.list(in: session, at: now).count),
                ]
            }
            return Self.text(metrics.exposition(gauges: depths, conditions: settlement.conditions.all))
        default:
            return HTTPResponse(status: 200, fields: [HTTPField("Content-Type", "application/json")], body: document)
        }
    }

    /// Says on the first line whether requests can be served, and on each further one what is wrong.
    private static func readiness(of conditions: [Conditions.Condition], isReady: Bool) -> HTTPResponse {
        let isReady = isReady && !conditions.contains { $0.severity == .blocking }
        var lines = [isReady ? "ready" : "not ready"]
        lines += conditions.map { "\($0.name): \($0.sentence)" }
        return text(lines.joined(separator: "\n") + "\n", status: isReady ? 200 : 503)
    }

    private static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        let type = HTTPField("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        return HTTPResponse(status: status, fields: [type], body: Array(text.utf8))
    }

    // MARK: - Merchants

    private func merchantAnswer(
        _ request: HTTPRequest,
        _ target: RequestTarget,
        _ fields: inout [HTTPField]
    ) async throws -> HTTPResponse {
        let key = try await authenticate(request)
        let allowance = limiter.take(key.id.text)
        fields += allowance.fields + [HTTPField("Gateway-Version", key.version)]
        guard allowance.isGranted else { throw Problem.rateLimited(allowance) }
        if let version = request.field("Gateway-Version"), version != Self.version {
            throw Problem.invalid("there is no version '\(version.prefix(20))' of the interface", "Gateway-Version")
        }
        if ["POST", "PUT", "PATCH"].contains(request.method), !request.body.isEmpty {
            let type = request.field("Content-Type") ?? ""
            guard type.lowercased().hasPrefix("application/json") else {
                throw Problem(
                    status: 415,
                    code: "unsupported_media_type",
                    title: "Unsupported media type",
                    detail: "bodies are application/json"
                )
            }
        }
        let route = try Routes.find(request.method, target.path)
        let call = APIRequest(request, path: target.path, query: target.query, key: key)
        let expansion = try Expansion(call.expansions, of: route)
        let answer = try await take(route, call)
        guard let expansion else { return answer }
        let whole = try await expansion.applied(to: JSONValue(parsing: answer.body)) { kind, id in
            let path = ["v1", kind.rawValue, id]
            let reading = HTTPRequest(method: "GET", url: "/" + path.joined(separator: "/"))
            // The way of any other request: a key sees by it what it sees otherwise, and no more.
            let object = try await take(
                try Routes.find("GET", path),
                APIRequest(reading, path: path, query: [], key: key)
            )
            return try JSONValue(parsing: object.body)
        }
        return json(whole)
    }

    private func take(_ route: Routes.Route, _ call: APIRequest) async throws -> HTTPResponse {
        guard call.access.allows(route.scope, isPublishable: route.isPublishable) else {
            throw Problem.forbidden(route.scope)
        }
        return try await route.answer(self, call)
    }

    /// An answer with JSON.
    func json(_ value: JSONValue, status: Int = 200) -> HTTPResponse { json(value.bytes, status: status) }

    /// An answer with JSON that is written already.
    func json(_ text: [UInt8], status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, fields: [HTTPField("Content-Type", "application/json")], body: text)
    }

    /// A list in the usual envelope, with one object less when there was one more than asked for.
    func list(_ objects: [JSONValue], of request: APIRequest, page: Page) -> HTTPResponse {
        let limit = page.limit - 1
        let isGoingBack = page.before != nil
        let data =
            objects.count > limit ? (isGoingBack ? Array(objects.dropFirst()) : Array(objects.dropLast())) : objects
        return json([
            "object": "list",
            "data": .array(data),
            "has_more": .bool(objects.count > limit),
            "url": .string("/" + request.path.joined(separator: "/")),
        ])
    }
}

extension RequestTarget {
    /// The route for the metrics: identifiers are left out, and so is what nobody knows.
    var route: String {
        guard let first = path.first else { return "other" }
        if first == "v1", path.count > 1 { return Routes.kinds[path[1]] ?? "other" }
        return Self.known.contains(first) ? "/" + first : "other"
    }

    private static let known: Set<String> = [
        "telegram", "livez", "readyz", "metrics", "openapi.json", "pay", "buy", "checkout", "settlegate.js",
        "settlegate.d.ts", "tonconnect-manifest.json", "tonconnect-icon.png",
    ]
}
