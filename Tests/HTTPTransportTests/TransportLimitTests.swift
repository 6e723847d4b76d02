import HTTPMessages
import HTTPServer
import HTTPTransport
import Logging
import Synchronization
import Testing

@Suite("A request to a peer")
struct TransportLimitTests {
    private static func start(
        _ answer: @escaping @Sendable (HTTPRequest) -> HTTPAnswer
    ) async throws -> HTTPServer {
        try await HTTPServer.start(
            .init(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            handler: .init(answer: { answer($0) })
        )
    }

    /// The error of a request, as a whole answer and as a stream; nil when it is answered.
    private static func codes(
        _ transport: CurlTransport,
        _ request: HTTPRequest
    ) async throws -> [HTTPTransportError.Code?] {
        var codes: [HTTPTransportError.Code?] = []
        do {
            _ = try await transport.send(request)
            codes.append(nil)
        } catch { codes.append(error.code) }
        do {
            for try await _ in transport.stream(request) {}
            codes.append(nil)
        } catch let error as HTTPTransportError { codes.append(error.code) }
        return codes
    }

    @Test("follows no redirect")
    func redirects() async throws {
        let asked = Mutex<[String]>([])
        let server = try await Self.start { request in
            asked.withLock { $0.append(request.url) }
            let place = HTTPField("Location", "/inside")
            return .response(HTTPResponse(status: request.url == "/inside" ? 200 : 302, fields: [place]))
        }
        let transport = CurlTransport(.init(addresses: .any, httpsOnly: false))
        let codes = try await Self.codes(transport, HTTPRequest(url: server.url + "/outside", timeout: .seconds(300)))
        #expect(codes == [nil, .refused])
        #expect(asked.withLock { $0 } == ["/outside", "/outside"])
        transport.close()
        await server.stop()
    }

    @Test("bounds the head of the answer", arguments: [(150, nil), (400, HTTPTransportError.Code.responseTooLarge)])
    func head(count: Int, expected: HTTPTransportError.Code?) async throws {
        let server = try await Self.start { _ in
            let fields = (0..<count).map { HTTPField("X-Number-\($0)", "1") }
            return .response(HTTPResponse(status: 200, fields: fields))
        }
        let transport = CurlTransport(.init(addresses: .any, httpsOnly: false))
        #expect(
            try await Self.codes(transport, HTTPRequest(url: server.url, timeout: .seconds(300))) == [
                expected, expected,
            ]
        )
        transport.close()
        await server.stop()
    }

    @Test("is refused over plain http where https is required")
    func httpsOnly() async throws {
        let server = try await Self.start { _ in
            Issue.record("a request was sent in the clear")
            return .response(HTTPResponse(status: 200))
        }
        let transport = CurlTransport(.init(addresses: .any, httpsOnly: true))
        let codes = try await Self.codes(transport, HTTPRequest(url: server.url, timeout: .seconds(300)))
        #expect(codes == [.invalidRequest, .invalidRequest])
        transport.close()
        await server.stop()
    }

    @Test("is given up when the peer falls silent, however much time is left")
    func silence() async throws {
        let (events, source) = AsyncStream.makeStream(of: [UInt8].self)
        let server = try await Self.start { _ in .events(events) }
        let transport = CurlTransport(.init(addresses: .any, httpsOnly: false, silence: 1))
        source.yield([1])
        var read: [[UInt8]] = []
        let failure = await #expect(throws: HTTPTransportError.self) {
            for try await piece in transport.stream(HTTPRequest(url: server.url, timeout: .seconds(3_600))) {
                read.append(piece)
            }
        }
        #expect(failure?.code == .timedOut)
        #expect(read == [[1]])
        source.finish()
        transport.close()
        await server.stop()
    }
}
