import HTTPMessages
public import Seams
public import StrictJSON

/// What is kept of a request for whoever looks for its fault: never a body, a query or a key.
public struct RequestLine: Hashable, Sendable {
    /// When it came.
    public let at: Timestamp
    /// Its identifier, which is in its answer too.
    public let id: String
    /// The method.
    public let method: String
    /// The path, without its query.
    public let path: String
    /// The answer's status.
    public let status: Int
    /// The problem's code; none when there was none.
    public let code: String?
    /// How long it took.
    public let took: Duration

    /// The line as JSON.
    public var json: JSONValue {
        [
            "at": .string(at.description), "request_id": .string(id), "method": .string(method),
            "path": .string(path), "status": .integer(Int64(status)), "code": .optional(code),
            "milliseconds": .integer(took.wholeMicroseconds / 1_000),
        ]
    }

    /// Paths that ask whether the gateway is well: nobody looks for their faults, and they come all the time.
    private static let checks: Set<String> = ["livez", "readyz", "metrics"]

    /// What is kept of a request; none for checks of the gateway's health.
    init?(
        _ request: HTTPRequest,
        _ target: RequestTarget,
        id: String,
        from start: Timestamp,
        until end: Timestamp,
        _ outcome: (status: Int, code: String?)
    ) {
        guard let first = target.path.first, !Self.checks.contains(first) else { return nil }
        at = start
        self.id = id
        method = String(request.method.prefix(20))
        path = String(("/" + target.path.joined(separator: "/")).prefix(500))
        (status, code) = outcome
        took = end.since(start)
    }
}
