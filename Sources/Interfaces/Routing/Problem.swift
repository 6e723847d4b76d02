package import HTTPMessages
import StrictJSON

/// A refusal as programs read it (RFC 9457), in the same form for every error of every interface.
package struct Problem: Error, Sendable {
    package let status: Int
    package let code: String
    package let title: String
    package let detail: String
    /// The refused part of the request: a member of its body, a parameter or a field; nil for the whole request.
    package var parameter: String?
    package var fields: [HTTPField] = []

    /// A problem; `fields` are for the head of its answer.
    package init(
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

    /// The response to the request, with the document as its body.
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

/// The problems that every interface has.
extension Problem {
    package static func notFound(_ detail: String = "there is no such object or route") -> Self {
        Self(status: 404, code: "not_found", title: "Not found", detail: detail)
    }

    /// A malformed request (400).
    package static func invalid(_ detail: String, _ parameter: String? = nil) -> Self {
        Self(status: 400, code: "invalid_request", title: "Invalid request", detail: detail, parameter: parameter)
    }

    /// A well-formed request whose meaning is wrong (422).
    package static func unprocessable(_ detail: String, _ parameter: String? = nil) -> Self {
        Self(status: 422, code: "invalid_request", title: "Invalid request", detail: detail, parameter: parameter)
    }

    package static func methodNotAllowed(_ allowed: [String]) -> Self {
        Self(
            status: 405,
            code: "method_not_allowed",
            title: "Method not allowed",
            detail: "this route takes \(allowed.joined(separator: ", "))",
            fields: [HTTPField("Allow", allowed.joined(separator: ", "))]
        )
    }

    package static func rateLimited(_ allowance: RateLimiter.Allowance) -> Self {
        Self(
            status: 429,
            code: "rate_limited",
            title: "Too many requests",
            detail: "this key may make \(allowance.perMinute) requests a minute",
            fields: [HTTPField("Retry-After", "\(allowance.seconds)")]
        )
    }

    package static let unavailable = Self(
        status: 503,
        code: "unavailable",
        title: "Temporarily unavailable",
        detail: "nothing was lost; ask again with the same idempotency key",
        fields: [HTTPField("Retry-After", "2")]
    )

    static let bodyTooLarge = Self(
        status: 413,
        code: "too_large",
        title: "Too large",
        detail: "a body has at most a megabyte"
    )

    static let `internal` = Self(
        status: 500,
        code: "internal",
        title: "Internal error",
        detail: "the gateway's log says more; name the request_id"
    )
}
