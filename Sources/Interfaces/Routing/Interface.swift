package import HTTPMessages

/// An interface of the gateway: it says which paths are its own, and answers what is asked there.
package protocol Interface: Sendable {
    /// The first parts of its paths, `v1` for `/v1/invoices`; no two interfaces have one in common.
    var roots: Set<String> { get }

    /// Every route as `METHOD /path/{id}`, for whoever compares a document with them.
    var routeNames: [String] { get }

    /// What a path is called in the metrics, without what identifies an object.
    func metricsName(of target: RequestTarget) -> String

    /// Whether the request log has a line for each request of a path.
    func isLogged(_ target: RequestTarget) -> Bool

    /// Whether anybody could have sent a request, because it proves no secret.
    ///
    /// It only decides how much is read and where it is worked on: it may be judged by what was known a moment ago.
    func isFromStranger(_ request: HTTPRequest) -> Bool

    /// The pieces of an answer that does not end; returns nil when the request asks for an answer that does.
    func events(for request: HTTPRequest) async throws -> AsyncStream<[UInt8]>?

    /// Answers a request for one of its paths; `head` gets the fields that the answer has also when this throws.
    func answer(
        _ request: HTTPRequest,
        at target: RequestTarget,
        head: inout [HTTPField]
    ) async throws -> HTTPResponse

    /// The problem that an error of its own is to whoever asked; returns nil for errors that are not its own.
    func problem(for error: any Error) -> Problem?

    /// Ends the answers that do not end by themselves, so that a server can stop.
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
    /// Decides by its head whether a request for one of its paths is let in.
    func admission(of request: HTTPRequest, isFromStranger: Bool) async -> Admission
}

/// What becomes of a request of which only the head was read.
package enum Admission: Sendable {
    /// Its body is read, and it is answered.
    case admitted
    /// It is refused, and counted and logged as every answer.
    case refused(Problem)
    /// It is refused, and leaves nothing behind: neither a count nor a line in the log.
    case dismissed(Problem)
}
