import Cryptography
package import HTTPMessages
package import Logging
package import Seams

/// Routes each request to the interface that owns its path, and completes the answer: its identifier, a problem
/// document for a refusal, a count in the metrics and a line in the request log.
package struct Router: Sendable {
    /// The most bytes of a body; a stranger has to send no more than a form or init data.
    private static let bodyLimits = (stranger: 32_768, known: 1 << 20)

    /// The thread on which strangers' requests run.
    package let strangers = UnauthenticatedRequestExecutor()
    private let interfaces: [any Interface]
    private let interfacesByRoot: [String: any Interface]
    private let gatesByRoot: [String: any AdmittingInterface]
    private let metrics: Metrics
    private let clock: any WallClock
    private let random: any RandomSource
    private let keepLine: @Sendable (RequestLine) -> Void
    private let logger: Logger

    /// A router of interfaces.
    ///
    /// - Parameters:
    ///   - interfaces: the interfaces, each with roots of its own.
    ///   - metrics: counts.
    ///   - clock: tells how long answers take.
    ///   - random: where requests' identifiers come from.
    ///   - keepLine: gets the line of each answered request that is logged.
    ///   - logger: logs internal errors.
    package init(
        _ interfaces: [any Interface],
        metrics: Metrics,
        clock: any WallClock,
        random: any RandomSource,
        keepLine: @escaping @Sendable (RequestLine) -> Void = { _ in },
        logger: Logger
    ) {
        self.interfaces = interfaces
        interfacesByRoot = interfaces.reduce(into: [:]) { table, interface in
            for root in interface.roots {
                precondition(table[root] == nil, "two interfaces want the paths below /\(root)")
                table[root] = interface
            }
        }
        gatesByRoot = interfacesByRoot.compactMapValues { $0 as? any AdmittingInterface }
        self.metrics = metrics
        self.clock = clock
        self.random = random
        self.keepLine = keepLine
        self.logger = logger
    }

    /// Every route of every interface as `METHOD /path/{id}`.
    package var routeNames: [String] { interfaces.flatMap(\.routeNames) }

    /// Ends the event streams, so that a server can stop.
    package func stop() {
        for interface in interfaces { interface.stop() }
    }

    // MARK: - Before the body is read

    /// Looks at a request's head before its body is read; a request that is not admitted is answered at once.
    ///
    /// A sender is a stranger until a secret is proven; the proof itself runs on the strangers' thread.
    package func admit(_ request: HTTPRequest) async -> HTTPResponse? {
        // By the parts of its path, as it is answered: `//telegram/shop` leads to the same place.
        guard let gate = Self.root(of: request).flatMap({ gatesByRoot[$0] }) else { return nil }
        guard gate.isFromStranger(request) else { return await admit(request, by: gate, isFromStranger: false) }
        return await withTaskExecutorPreference(strangers) { await admit(request, by: gate, isFromStranger: true) }
    }

    private func admit(
        _ request: HTTPRequest,
        by gate: any AdmittingInterface,
        isFromStranger: Bool
    ) async -> HTTPResponse? {
        switch await gate.admission(of: request, isFromStranger: isFromStranger) {
        case .admitted: return nil
        case .refused(let problem): return await finish(request, of: gate) { _, _ in throw problem }
        case .dismissed(let problem): return Self.response(problem, RequestTarget(request.url), requestID())
        }
    }

    /// The most bytes of a body that are read.
    package func bodyLimit(of request: HTTPRequest) -> Int {
        isFromStranger(request) ? Self.bodyLimits.stranger : Self.bodyLimits.known
    }

    private func isFromStranger(_ request: HTTPRequest) -> Bool {
        interface(of: request)?.isFromStranger(request) ?? true
    }

    private func interface(of request: HTTPRequest) -> (any Interface)? {
        Self.root(of: request).flatMap { interfacesByRoot[$0] }
    }

    /// The first part of a request's path, read without taking the rest apart; nil when the path has no parts.
    private static func root(of request: HTTPRequest) -> String? {
        let path = request.url.utf8.prefix { $0 != UInt8(ascii: "?") }
        return path.split(separator: UInt8(ascii: "/"), maxSplits: 1).first.map { String(Substring($0)) }
    }

    // MARK: - Answers

    /// Answers a request; the answer may be an event stream.
    ///
    /// Strangers' requests run on a thread of their own, so that no number of them delays a pre-checkout query.
    package func answer(_ request: HTTPRequest) async -> HTTPAnswer {
        guard isFromStranger(request) else { return await answerHere(request) }
        return await withTaskExecutorPreference(strangers) { await answerHere(request) }
    }

    private func answerHere(_ request: HTTPRequest) async -> HTTPAnswer {
        let interface = interface(of: request)
        do {
            if let events = try await interface?.events(for: request) { return .events(events) }
        } catch { return .response(await finish(request, of: interface) { _, _ in throw error }) }
        return .response(await respond(to: request))
    }

    /// Answers a request with a response that ends.
    package func respond(to request: HTTPRequest) async -> HTTPResponse {
        let interface = interface(of: request)
        return await finish(request, of: interface) { target, head in
            guard request.field(HTTPRequest.bodyTooLargeField) == nil else { throw Problem.bodyTooLarge }
            guard let interface else { throw Problem.notFound() }
            return try await interface.answer(request, at: target, head: &head)
        }
    }

    /// Completes an answer, also a problem: with its identifier, its fields, a count and a line in the log.
    private func finish(
        _ request: HTTPRequest,
        of interface: (any Interface)?,
        _ body: (RequestTarget, inout [HTTPField]) async throws -> HTTPResponse
    ) async -> HTTPResponse {
        let start = clock.now()
        let target = RequestTarget(request.url)
        let id = requestID()
        var response: HTTPResponse
        var code: String?
        var head = [HTTPField("X-Request-Id", id)]
        do { response = try await body(target, &head) } catch {
            let problem = interface?.problem(for: error) ?? Problem(any: error)
            code = problem.code
            if problem.status == 500 { logger.error("request \(id) failed: \(error)") }
            response = Self.response(problem, target, id)
        }
        response.fields += head
        let end = clock.now()
        metrics.count(
            route: interface?.metricsName(of: target) ?? "other",
            method: request.method,
            status: response.status,
            took: end.since(start)
        )
        if interface?.isLogged(target) ?? !target.path.isEmpty {
            keepLine(RequestLine(request, target, id: id, from: start, until: end, (response.status, code)))
        }
        return response
    }

    private func requestID() -> String { "req_" + Hex.encode(random.bytes(12)) }

    private static func response(_ problem: Problem, _ target: RequestTarget, _ id: String) -> HTTPResponse {
        problem.response(path: "/" + target.path.joined(separator: "/"), requestID: id)
    }
}
