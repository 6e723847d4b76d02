package import HTTPMessages

/// An interface of the gateway: it names the paths that it owns, and answers their requests.
package protocol Interface: Sendable {
    /// The first parts of its paths, `v1` for `/v1/invoices`; no two interfaces have one in common.
    var roots: Set<String> { get }

    /// Every route as `METHOD /path/{id}`, for comparison with the OpenAPI document.
    var routeNames: [String] { get }

    /// The name of a path in the metrics, without identifiers of objects.
    func metricsName(of target: RequestTarget) -> String

    /// Whether the request log has a line for each request of a path.
    func isLogged(_ target: RequestTarget) -> Bool

    /// Whether a request comes from a stranger: it proves no secret.
    ///
    /// The result only decides how much is read and on which thread: an answer from a cache is good enough.
    func isFromStranger(_ request: HTTPRequest) -> Bool

    /// The pieces of an event stream; returns nil when the request does not ask for one.
    func events(for request: HTTPRequest) async throws -> AsyncStream<[UInt8]>?

    /// Answers a request for one of its paths; `head` gets the fields that the answer carries even when this throws.
    func answer(
        _ request: HTTPRequest,
        at target: RequestTarget,
        head: inout [HTTPField]
    ) async throws -> HTTPResponse

    /// The problem that stands for one of the interface's own errors; returns nil for any other error.
    func problem(for error: any Error) -> Problem?

    /// Ends the event streams, so that a server can stop.
    func stop()
}

extension Interface {
    package func metricsName(of target: RequestTarget) -> String { "/" + (target.path.first ?? "") }

    package func isLogged(_ target: RequestTarget) -> Bool { true }

    package func isFromStranger(_ request: HTTPRequest) -> Bool { true }

    package func events(for request: HTTPRequest) async throws -> AsyncStream<[UInt8]>? { nil }

    package func problem(for error: any Error) -> Problem? { nil }

    package func stop() {}
}

/// An interface that looks at the head of a request before its body is read.
package protocol AdmittingInterface: Interface {
    /// Decides by its head whether a request for one of its paths is admitted.
    func admission(of request: HTTPRequest, isFromStranger: Bool) async -> Admission
}

/// The decision about a request of which only the head was read.
package enum Admission: Sendable {
    /// Its body is read, and it is answered.
    case admitted
    /// It is refused, and counted and logged like every answer.
    case refused(Problem)
    /// It is refused without a count and without a line in the log.
    case dismissed(Problem)
}
