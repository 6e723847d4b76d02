package import HTTPMessages
import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import Seams
import ServiceLifecycle
import Synchronization

/// A listening HTTP server that hands each request, as a value, to a handler.
///
/// It is stopped by its own handle, which lets requests that are under way finish.
package final class HTTPServer: Sendable {
    /// Where the server listens, and its limits.
    package struct Configuration: Sendable {
        /// The address.
        package var host: String
        /// The port; 0 takes a free one.
        package var port: Int
        /// The most bytes of a request's body.
        package var maximumBodyBytes: Int
        /// The most bytes of a request's URL, and of one field of its head; the whole head may have twice as many.
        package var maximumFieldBytes = 16_384
        /// How long the server waits for the other side of a connection.
        var patience = ConnectionDeadlines.Limits()
        /// The most connections; fewer where their share of the process's file descriptors is smaller.
        var maximumConnections = 10_000

        /// A configuration.
        package init(host: String = "127.0.0.1", port: Int = 0, maximumBodyBytes: Int = 1 << 20) {
            self.host = host
            self.port = port
            self.maximumBodyBytes = maximumBodyBytes
        }

        /// The server beneath, with connections that are watched.
        fileprivate func builder(_ connections: OpenConnections) -> HTTPServerBuilder {
            .http1(
                configuration: HTTP1Channel.Configuration(
                    additionalChannelHandlers: [ConnectionWatch(limits: patience, connections: connections)],
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: maximumFieldBytes,
                        maxHeaderListSize: 2 * maximumFieldBytes,
                        maxHeaderFieldCount: 100
                    )
                )
            )
        }
    }

    /// The functions that answer requests.
    package struct Handler: Sendable {
        /// Looks at the head of a request before its body is read; an answer that it returns is sent at once.
        package var admit: @Sendable (ReceivedRequest) async -> SentResponse?
        /// The most bytes of a request's body, by its head; the server's own limit holds as well.
        package var bodyLimit: @Sendable (ReceivedRequest) -> Int = { _ in .max }
        /// Answers a request.
        package var answer: @Sendable (ReceivedRequest) async -> HTTPAnswer

        /// A handler; without `admit` every request is read.
        package init(
            admit: @escaping @Sendable (ReceivedRequest) async -> SentResponse? = { _ in nil },
            bodyLimit: @escaping @Sendable (ReceivedRequest) -> Int = { _ in .max },
            answer: @escaping @Sendable (ReceivedRequest) async -> HTTPAnswer
        ) {
            self.admit = admit
            self.bodyLimit = bodyLimit
            self.answer = answer
        }

        /// A handler that never answers with an event stream.
        package init(respond: @escaping @Sendable (ReceivedRequest) async -> SentResponse) {
            self.init { .response(await respond($0)) }
        }
    }

    /// The port that it listens on.
    package let port: Int
    /// The URL that it listens on, without a slash at the end.
    package let url: String
    private let group: ServiceGroup
    private let running: Task<Void, any Error>
    private let ending: Ending

    /// Whether the server is stopping: answers then close their connection, because a client that keeps asking on an
    /// open one would keep the server from stopping.
    private final class Ending: Sendable {
        private let isBegun = Mutex(false)

        func begin() { isBegun.withLock { $0 = true } }

        func mark(_ response: Response) -> Response {
            guard isBegun.withLock({ $0 }) else { return response }
            var marked = response
            marked.headers[.connection] = "close"
            return marked
        }
    }

    private init(port: Int, url: String, group: ServiceGroup, running: Task<Void, any Error>, ending: Ending) {
        self.port = port
        self.url = url
        self.group = group
        self.running = running
        self.ending = ending
    }

    /// Starts to listen, and returns when it does.
    ///
    /// - Throws: the system's error when it cannot listen.
    package static func start(
        _ configuration: Configuration,
        logger: Logger,
        handler: Handler
    ) async throws -> HTTPServer {
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let ending = Ending()
        let responder = CallbackResponder { (request: Request, context: ServerContext) in
            ending.mark(await answer(request, from: context.peer, handler, configuration))
        }
        let connections = OpenConnections(
            maximum: min(configuration.maximumConnections, DescriptorBudget.current.incoming)
        )
        let application = Application(
            responder: responder,
            server: configuration.builder(connections),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                serverName: "settlegate",
                availableConnectionsDelegate: AcceptGate(connections: connections)
            ),
            onServerRunning: { channel in
                found.yield(channel.localAddress?.port ?? 0)
                found.finish()
            },
            logger: logger
        )
        let group = ServiceGroup(services: [application], logger: logger)
        let running = Task {
            defer { found.finish() }
            try await group.run()
        }
        for await port in ports {
            let url = "http://\(configuration.host):\(port)"
            return HTTPServer(port: port, url: url, group: group, running: running, ending: ending)
        }
        // The task ended before the server listened; its value throws the reason.
        try await running.value
        throw CancellationError()
    }

    /// Stops taking requests, and returns when those that are under way are answered.
    package func stop() async {
        ending.begin()
        await group.triggerGracefulShutdown()
        _ = try? await running.value
    }

    /// The context of a request: the address that sent it.
    private struct ServerContext: RequestContext {
        var coreContext: CoreRequestContextStorage
        let peer: String?

        init(source: ApplicationRequestContextSource) {
            coreContext = .init(source: source)
            peer = source.channel.remoteAddress?.ipAddress
        }
    }

    private static func answer(
        _ request: Request,
        from peer: String?,
        _ handler: Handler,
        _ configuration: Configuration
    ) async -> Response {
        guard let host = host(of: request) else { return refusal }
        var head = ReceivedRequest(
            method: request.method.rawValue,
            url: request.uri.string,
            fields: [HeadField("Host", host)] + request.headers.map { HeadField($0.name.canonicalName, $0.value) }
        )
        head.peer = peer
        if let refusal = await handler.admit(head) { return response(refusal) }
        guard
            let body = try? await request.body.collect(
                upTo: min(handler.bodyLimit(head), configuration.maximumBodyBytes)
            )
        else {
            head.body = []
            head.fields.append(HeadField(ReceivedRequest.bodyTooLargeField, "1"))
            return response(await handler.answer(head))
        }
        head.body = Array(buffer: body)
        return response(await handler.answer(head))
    }

    /// The one host that a request names (RFC 9112, section 3.2); nil when it names none, several, or something else.
    private static func host(of request: Request) -> String? {
        // The library beneath has taken the first field out; a second one is still in the headers.
        guard let host = request.head.authority, !host.isEmpty, host.utf8.count <= 262,
            request.headers.allSatisfy({ $0.name.canonicalName != "host" }), host.utf8.allSatisfy(isOfHost)
        else { return nil }
        return host
    }

    private static func isOfHost(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._:[]~%".utf8.contains(byte)
        }
    }

    private static var refusal: Response {
        response(
            SentResponse(
                status: 400,
                fields: [HeadField("Content-Type", "text/plain")],
                body: Array("a request has one Host field, which names a host\n".utf8)
            )
        )
    }

    private static func response(_ answer: HTTPAnswer) -> Response {
        switch answer {
        case .response(let answer): response(answer)
        case .events(let events): stream(events)
        }
    }

    private static func stream(_ events: AsyncStream<[UInt8]>) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "text/event-stream"
        headers[.cacheControl] = "no-store"
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody(asyncSequence: events.map { ByteBuffer(bytes: $0) })
        )
    }

    /// The names of fields that most answers have, validated once.
    private static let fieldNames: [String: HTTPTypes.HTTPField.Name] = {
        let names = [
            "Content-Type", "Cache-Control", "Gateway-Version", "RateLimit", "RateLimit-Policy", "X-Request-Id",
        ]
        return Dictionary(
            uniqueKeysWithValues: names.compactMap { name in HTTPTypes.HTTPField.Name(name).map { (name, $0) } }
        )
    }()

    private static func response(_ answer: SentResponse) -> Response {
        var headers = HTTPFields()
        headers.reserveCapacity(answer.fields.count + 2)
        for field in answer.fields {
            guard let name = fieldNames[field.name] ?? HTTPTypes.HTTPField.Name(field.name) else { continue }
            headers.append(.init(name: name, value: field.value))
        }
        return Response(
            status: .init(code: answer.status),
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
        )
    }
}
