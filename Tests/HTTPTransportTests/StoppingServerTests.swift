import HTTPMessages
import HTTPServer
import HTTPTransport
import Logging
import Testing

@Suite("A stopping server")
struct StoppingServerTests {
    @Test("closes the connections on which it still answers, so that busy clients do not keep it")
    func closes() async throws {
        let (begun, hasBegun) = AsyncStream.makeStream(of: Void.self)
        let (released, release) = AsyncStream.makeStream(of: Void.self)
        let server = try await HTTPServer.start(
            HTTPServer.Configuration(host: "127.0.0.1", port: 0),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            handler: HTTPServer.Handler { request in
                guard request.url == "/slow" else { return HTTPResponse(status: 200) }
                hasBegun.yield()
                for await _ in released { break }
                return HTTPResponse(status: 200)
            }
        )
        let (slow, other) = (
            CurlTransport(.init(addresses: .any, httpsOnly: false)),
            CurlTransport(.init(addresses: .any, httpsOnly: false))
        )
        let before = try await other.send(HTTPRequest(method: "GET", url: server.url + "/"))
        #expect(before.field("Connection")?.lowercased() != "close")
        async let answer = slow.send(HTTPRequest(method: "GET", url: server.url + "/slow"))
        for await _ in begun { break }
        let stopping = Task { await server.stop() }
        // It has begun to stop once it accepts no new connection.
        while (try? await other.send(HTTPRequest(method: "GET", url: server.url + "/"))) != nil { await Task.yield() }
        release.yield()
        #expect(try await answer.field("Connection")?.lowercased() == "close")
        await stopping.value
    }
}
