import HTTPMessages
import HTTPServer
import HTTPTransport
import Logging
import Synchronization
import Testing

@Suite("The HTTP transport")
struct CurlTransportTests {
    /// A server on loopback and a transport that reaches it.
    private struct Pair {
        let server: HTTPServer
        let transport: CurlTransport

        func end() async {
            transport.close()
            await server.stop()
        }
    }

    private static func start(
        _ respond: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
    ) async throws -> Pair {
        let server = try await HTTPServer.start(
            .init(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            handler: .init(respond: respond)
        )
        return Pair(server: server, transport: CurlTransport(.init(addresses: .any, httpsOnly: false)))
    }

    private static func code(_ transport: CurlTransport, _ request: HTTPRequest) async -> HTTPTransportError.Code? {
        do {
            _ = try await transport.send(request)
            return nil
        } catch { return error.code }
    }

    @Test("carries whole requests and responses", arguments: [200, 204, 301, 404, 500])
    func statuses(status: Int) async throws {
        let pair = try await Self.start { request in
            let echo = HTTPField("X-Echo", request.field("X-Sent") ?? "")
            return HTTPResponse(
                status: status,
                fields: [echo, HTTPField("Location", "/elsewhere")],
                body: status == 204 ? [] : request.body
            )
        }
        let server = pair.server
        let transport = pair.transport
        let body = [UInt8](repeating: 0x61, count: 100_000)
        let request = HTTPRequest(
            method: "POST",
            url: server.url + "/a?b=c",
            fields: [HTTPField("X-Sent", "yes")],
            body: body
        )
        let response = try await transport.send(request)
        #expect(response.status == status)
        #expect(response.field("x-echo") == "yes")
        #expect(response.body == (status == 204 ? [] : body))
        await pair.end()
    }

    @Test("carries many requests at once")
    func concurrent() async throws {
        let pair = try await Self.start { HTTPResponse(status: 200, body: $0.body) }
        let server = pair.server
        let transport = pair.transport
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let body = Array("\(number)".utf8)
                    // Long enough for a slow machine: this test is not about time.
                    let request = HTTPRequest(method: "POST", url: server.url, body: body, timeout: .seconds(300))
                    return try await transport.send(request).body == body
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
        await pair.end()
    }

    @Test("limits the size of an answer and the time to wait for it")
    func limits() async throws {
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let pair = try await Self.start { request in
            if request.url == "/slow" { for await _ in gate {} }
            return HTTPResponse(status: 200, body: [UInt8](repeating: 1, count: 10_000))
        }
        let server = pair.server
        let transport = pair.transport
        #expect(
            await Self.code(
                transport,
                HTTPRequest(url: server.url, timeout: .seconds(300), maximumResponseBytes: 9_999)
            )
                == .responseTooLarge
        )
        #expect(
            await Self.code(
                transport,
                HTTPRequest(url: server.url, timeout: .seconds(300), maximumResponseBytes: 10_000)
            ) == nil
        )
        let slow = HTTPRequest(url: server.url + "/slow", timeout: .milliseconds(100))
        #expect(await Self.code(transport, slow) == .timedOut)
        open.finish()
        await pair.end()
    }

    @Test("reports when a request was certainly not sent")
    func unreachable() async throws {
        let transport = CurlTransport(.init(addresses: .any, httpsOnly: false))
        defer { transport.close() }
        #expect(await Self.code(transport, HTTPRequest(url: "http://127.0.0.1:1/")) == .unreachable)
        for url in [
            "file:///etc/passwd", "gopher://127.0.0.1/", "http://a b/", "http://127.0.0.1\r\nX: y/",
        ] {
            #expect(await Self.code(transport, HTTPRequest(url: url)) == .invalidRequest, "\(url)")
        }
        let smuggled = HTTPRequest(url: "http://127.0.0.1:1/", fields: [HTTPField("A", "b\r\nC: d")])
        #expect(await Self.code(transport, smuggled) == .invalidRequest)
        #expect(HTTPTransportError(.unreachable, "").isCertainlyUnsent)
        #expect(!HTTPTransportError(.timedOut, "").isCertainlyUnsent)
    }

    @Test(
        "opens no connection to a private address, however it is spelt",
        arguments: [
            "127.0.0.1", "127.1", "0x7f.1", "2130706433", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0",
        ]
    )
    func inside(host: String) async throws {
        let pair = try await Self.start { _ in
            Issue.record("a request reached the private server")
            return HTTPResponse(status: 200)
        }
        let guarded = CurlTransport(.init(addresses: .publicOnly, httpsOnly: false))
        let code = await Self.code(
            guarded,
            HTTPRequest(url: "http://\(host):\(pair.server.port)/", timeout: .seconds(300))
        )
        #expect(code == .forbiddenAddress || code == .unreachable)
        guarded.close()
        await pair.end()
    }

    @Test("fails pending and later requests when it is closed")
    func close() async {
        let transport = CurlTransport(.init(addresses: .any, httpsOnly: false))
        transport.close()
        #expect(await Self.code(transport, HTTPRequest(url: "http://127.0.0.1:1/")) == .invalidRequest)
    }
}

@Suite("The address rule")
struct AddressRuleTests {
    @Test(
        "tells special addresses from public ones",
        arguments: [
            ([8, 8, 8, 8], true), ([1, 1, 1, 1], true), ([10, 0, 0, 1], false), ([172, 15, 0, 1], true),
            ([172, 16, 0, 1], false), ([172, 31, 255, 255], false), ([172, 32, 0, 1], true), ([192, 168, 1, 1], false),
            ([169, 254, 169, 254], false), ([100, 63, 0, 1], true), ([100, 64, 0, 1], false), ([100, 128, 0, 1], true),
            ([127, 255, 255, 255], false), ([0, 0, 0, 0], false), ([224, 0, 0, 1], false),
            ([255, 255, 255, 255], false),
            ([198, 18, 0, 1], false), ([203, 0, 113, 9], false), ([], false), ([1, 2, 3], false),
            ([0x20, 0x01, 0x48, 0x60] + [UInt8](repeating: 0, count: 11) + [1], true),
            ([UInt8](repeating: 0, count: 15) + [1], false), ([UInt8](repeating: 0, count: 16), false),
            ([UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 10, 0, 0, 1], false),
            ([UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 8, 8, 8, 8], true),
            ([0xFE, 0x80] + [UInt8](repeating: 0, count: 13) + [1], false),
            ([0xFC, 0x00] + [UInt8](repeating: 0, count: 13) + [1], false),
            ([0xFF, 0x02] + [UInt8](repeating: 0, count: 13) + [1], false),
            ([0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0, 127, 0, 0, 1], false),
            ([0x20, 0x02, 10, 0, 0, 1] + [UInt8](repeating: 0, count: 10), false),
            ([0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 12), false),
        ] as [([UInt8], Bool)]
    )
    func isPublic(address: [UInt8], expected: Bool) {
        #expect(AddressRule.isPublic(address) == expected)
    }
}

@Suite("Streamed answers")
struct StreamTests {
    private static func start(
        _ answer: @escaping @Sendable () -> HTTPAnswer
    ) async throws -> (server: HTTPServer, transport: CurlTransport) {
        let server = try await HTTPServer.start(
            .init(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            handler: .init(answer: { _ in answer() })
        )
        let one = CurlTransport(.init(addresses: .any, httpsOnly: false, connectionsPerHost: 1))
        return (server, one)
    }

    @Test("are delivered while they arrive, and end with the answer")
    func live() async throws {
        let (events, source) = AsyncStream.makeStream(of: [UInt8].self)
        let (server, transport) = try await Self.start { .events(events) }
        var read: [UInt8] = []
        source.yield(Array("a".utf8))
        for try await piece in transport.stream(HTTPRequest(url: server.url, timeout: .seconds(300))) {
            read += piece
            // The next piece is sent only when the one before has been read.
            if read.count < 3 { source.yield(Array("b".utf8)) } else { source.finish() }
        }
        #expect(read == Array("abb".utf8))
        transport.close()
        await server.stop()
    }

    private static func code(
        _ stream: AsyncThrowingStream<[UInt8], any Error>
    ) async throws -> HTTPTransportError.Code? {
        do {
            for try await _ in stream {}
            return nil
        } catch let error as HTTPTransportError { return error.code }
    }

    @Test("fail unless the status is 2xx", arguments: [204, 302, 404, 503])
    func statuses(status: Int) async throws {
        let (server, transport) = try await Self.start { .response(HTTPResponse(status: status, body: [])) }
        let code = try await Self.code(transport.stream(HTTPRequest(url: server.url, timeout: .seconds(300))))
        #expect(code == (status == 204 ? nil : .refused))
        transport.close()
        await server.stop()
    }

    @Test("fail when more bytes wait unread than the limit")
    func unread() async throws {
        let body = [UInt8](repeating: 0, count: 1 << 22)
        let (server, transport) = try await Self.start { .response(HTTPResponse(status: 200, body: body)) }
        let stream = transport.stream(
            HTTPRequest(url: server.url, timeout: .seconds(300), maximumResponseBytes: 1 << 15)
        )
        // There is one connection: another request is answered only after the stream has released it.
        _ = try await transport.send(HTTPRequest(url: server.url, timeout: .seconds(300)))
        #expect(try await Self.code(stream) == .responseTooLarge)
        transport.close()
        await server.stop()
    }

    @Test("release their connection when the reader stops")
    func leaving() async throws {
        let (events, source) = AsyncStream.makeStream(of: [UInt8].self)
        let requests = Mutex(0)
        let (server, transport) = try await Self.start {
            let number = requests.withLock { requests in
                requests += 1
                return requests
            }
            return number == 1 ? .events(events) : .response(HTTPResponse(status: 200))
        }
        source.yield([1])
        for try await _ in transport.stream(HTTPRequest(url: server.url, timeout: .seconds(300))) { break }
        #expect(try await transport.send(HTTPRequest(url: server.url, timeout: .seconds(300))).status == 200)
        source.finish()
        transport.close()
        await server.stop()
    }
}
