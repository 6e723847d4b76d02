import Cryptography
import HTTPMessages
import Payments
import Records
import Routing
package import Seams
package import Settlement
import StrictJSON
package import Webhooks

/// The merchants' REST API under `/v1`, without sockets: a request in, a response out.
package struct RESTAPI: Sendable {
    /// Whether money is real, which is part of the API keys.
    package enum Mode: String, Hashable, Sendable {
        case test
        case live
    }

    let settlement: Settlement
    let secrets: EndpointSecrets
    let claims: ClaimRules
    let mode: Mode
    let endpoints: EndpointRule
    let random: any RandomSource
    let bots: any BotRegistering
    let keys = KeyCache()
    let limiter: RateLimiter
    var clock: any WallClock { settlement.clock }

    /// The version of the interface, a date; an API key keeps the version of the day on which it was made.
    package static let version = "2026-11-26"

    /// An interface over the use cases.
    ///
    /// - Parameters:
    ///   - settlement: the use cases.
    ///   - secrets: seals endpoints' secrets.
    ///   - claims: how customers claim payments.
    ///   - mode: whether money is real.
    ///   - endpoints: where events may be sent.
    ///   - random: where new secrets come from.
    ///   - bots: adds bots while the gateway runs.
    ///   - requestsPerMinute: how many requests one API key may make.
    package init(
        settlement: Settlement,
        secrets: EndpointSecrets,
        claims: ClaimRules,
        mode: Mode,
        endpoints: EndpointRule,
        random: any RandomSource,
        bots: any BotRegistering,
        requestsPerMinute: Int
    ) {
        self.settlement = settlement
        self.secrets = secrets
        self.claims = claims
        self.mode = mode
        self.endpoints = endpoints
        self.random = random
        self.bots = bots
        limiter = RateLimiter(perMinute: requestsPerMinute, clock: settlement.clock)
    }

    // MARK: - Answers

    /// An answer with a JSON value.
    func json(_ value: JSONValue, status: Int = 200) -> HTTPResponse { json(value.bytes, status: status) }

    /// An answer with JSON text.
    func json(_ text: [UInt8], status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, fields: [HTTPField("Content-Type", "application/json")], body: text)
    }

    /// A list in the usual envelope; the one object beyond the limit, which only shows that there is more, is left out.
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
