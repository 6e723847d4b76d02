import HTTPMessages
package import Seams
package import StrictJSON

/// What the request log keeps of a request: never a body, a query or a key.
package struct RequestLine: Hashable, Sendable {
    /// When it came.
    package let at: Timestamp
    /// Its identifier, which is in its answer too.
    package let id: String
    /// The method.
    package let method: String
    /// The path, without its query.
    package let path: String
    /// The answer's status.
    package let status: Int
    /// The problem's code; nil when the request was not refused.
    package let code: String?
    /// How long it took.
    package let took: Duration

    /// The line as JSON.
    package var json: JSONValue {
        [
            "at": .string(at.description), "request_id": .string(id), "method": .string(method),
            "path": .string(path), "status": .integer(Int64(status)), "code": .optional(code),
            "milliseconds": .integer(took.wholeMicroseconds / 1_000),
        ]
    }

    /// The line of a request and its answer.
    init(
        _ request: HTTPRequest,
        _ target: RequestTarget,
        id: String,
        from start: Timestamp,
        until end: Timestamp,
        _ outcome: (status: Int, code: String?)
    ) {
        at = start
        self.id = id
        method = String(request.method.prefix(20))
        path = String(("/" + target.path.joined(separator: "/")).prefix(500))
        (status, code) = outcome
        took = end.since(start)
    }
}
