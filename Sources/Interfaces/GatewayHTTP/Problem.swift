import Checkout
import HTTPMessages
import Payments
import Settlement
import Storage
import StrictJSON

/// A refusal as merchants' programs read it (RFC 9457), the same shape for every error.
struct Problem: Error, Sendable {
    let status: Int
    let code: String
    let title: String
    let detail: String
    var parameter: String?
    var fields: [HTTPField] = []

    static func notFound(_ detail: String = "there is no such object or route") -> Self {
        Self(status: 404, code: "not_found", title: "Not found", detail: detail)
    }

    static func invalid(_ detail: String, _ parameter: String? = nil) -> Self {
        Self(status: 400, code: "invalid_request", title: "Invalid request", detail: detail, parameter: parameter)
    }

    /// A request whose form is right, and whose meaning is not: 422, where a wrong form is 400.
    static func unprocessable(_ detail: String, _ parameter: String? = nil) -> Self {
        Self(status: 422, code: "invalid_request", title: "Invalid request", detail: detail, parameter: parameter)
    }

    static let unauthorized = Self(
        status: 401,
        code: "unauthorized",
        title: "Unauthorized",
        detail: "send an API key of this gateway: Authorization: Bearer sk_…",
        fields: [HTTPField("WWW-Authenticate", "Bearer")]
    )

    static func forbidden(_ scope: KeyAccess.Scope) -> Self {
        Self(
            status: 403,
            code: "forbidden",
            title: "Forbidden",
            detail: "this API key has no scope \(scope.rawValue); use another key, or make one that has it"
        )
    }

    static func rateLimited(_ allowance: RateLimiter.Allowance) -> Self {
        Self(
            status: 429,
            code: "rate_limited",
            title: "Too many requests",
            detail: "this key may make \(allowance.perMinute) requests a minute",
            fields: [HTTPField("Retry-After", "\(allowance.seconds)")]
        )
    }

    static let notFromTelegram = Self(
        status: 401,
        code: "unauthorized",
        title: "Unauthorized",
        detail: "X-Telegram-Bot-Api-Secret-Token has to be the secret that this bot's webhook was set with"
    )

    static let unavailable = Self(
        status: 503,
        code: "unavailable",
        title: "Temporarily unavailable",
        detail: "nothing was lost; ask again with the same idempotency key",
        fields: [HTTPField("Retry-After", "2")]
    )

    static func tooManyOpen(_ reason: String) -> Self {
        Self(
            status: 429,
            code: "too_many_open_invoices",
            title: "Too many open invoices",
            detail: reason,
            fields: [HTTPField("Retry-After", "60")]
        )
    }

    static func methodNotAllowed(_ allowed: [String]) -> Self {
        Self(
            status: 405,
            code: "method_not_allowed",
            title: "Method not allowed",
            detail: "this route takes \(allowed.joined(separator: ", "))",
            fields: [HTTPField("Allow", allowed.joined(separator: ", "))]
        )
    }

    init(
        status: Int,
        code: String,
        title: String,
        detail: String,
        parameter: String? = nil,
        fields: [HTTPField] = []
    ) {
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.parameter = parameter
        self.fields = fields
    }

    init(_ error: SettlementError) {
        let (status, title): (Int, String) =
            switch error.code {
            case .notFound: (404, "Not found")
            case .invalidRequest: (422, "Invalid request")
            case .refusedByPolicy: (422, "Refused by the rail policy")
            case .unknownAsset: (422, "Unknown asset")
            case .noRate: (422, "No rate")
            case .invalidState: (409, "Invalid state")
            case .amountTooLarge: (422, "Amount too large")
            case .amountTooSmall: (422, "Amount too small")
            case .networkFeeTooHigh: (422, "Network fee too high")
            case .destinationRefused: (422, "Destination refused")
            case .insufficientFunds: (422, "Insufficient funds")
            case .unsupported: (422, "Not supported")
            case .unavailable: (503, "Temporarily unavailable")
            case .conflict: (409, "Conflict")
            }
        self.init(
            status: status,
            code: error.code.rawValue,
            title: title,
            detail: error.reason,
            parameter: error.parameter
        )
    }

    init(_ error: CheckoutError) {
        switch error {
        case .notFound: self = .notFound()
        case .methodNotAllowed(let methods): self = .methodNotAllowed(methods)
        case .refused(let reason): self = .invalid(reason)
        case .unauthorized(let reason):
            self.init(status: 401, code: "unauthorized", title: "Unauthorized", detail: reason)
        case .foreignPage:
            self.init(
                status: 403,
                code: "foreign_page",
                title: "Forbidden",
                detail: "only the gateway's own page may ask this"
            )
        case .tooManyStreams: self = .unavailable
        }
    }

    /// Any error of a use case; what is not meant for merchants gives no detail.
    init(any error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as SettlementError: self.init(error)
        case let error as CheckoutError: self.init(error)
        case let error as UnknownCursor:
            let parameter = error.isBefore ? "ending_before" : "starting_after"
            self = .invalid("'\(parameter)' is the identifier of an object of this list", parameter)
        case is StorageError: self = .unavailable
        default:
            self.init(
                status: 500,
                code: "internal",
                title: "Internal error",
                detail: "the gateway's log says more; name the request_id"
            )
        }
    }

    func response(path: String, requestID: String) -> HTTPResponse {
        var members: [JSONValue.Member] = [
            .init("type", .string("https://settlegate.dev/problems/\(code)")), .init("title", .string(title)),
            .init("status", .integer(Int64(status))), .init("detail", .string(detail)),
            .init("instance", .string(path)), .init("code", .string(code)), .init("request_id", .string(requestID)),
        ]
        if let parameter { members.append(.init("param", .string(parameter))) }
        return HTTPResponse(
            status: status,
            fields: [HTTPField("Content-Type", "application/problem+json")] + fields,
            body: JSONValue.object(members).bytes
        )
    }
}
