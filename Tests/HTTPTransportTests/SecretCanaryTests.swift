import HTTPMessages
import HTTPServer
import HTTPTransport
import Logging
import Seams
import Testing

@Suite("A server that repeats its requests")
struct SecretCanaryTests {
    private static let canary = "7000000001:AAKanarienvogelSingtNurEinmalAmTag9x"

    /// A secret in each place of a request, repeated in every place of an answer.
    @Test(
        "returns no secret to the client, in a field, a body or a stream",
        arguments: ["path", "query", "field", "body"]
    )
    func echo(place: String) async throws {
        SecretGate.shared.hold(Self.canary)
        let server = try await HTTPServer.start(
            HTTPServer.Configuration(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            handler: HTTPServer.Handler { request in
                let said = request.url + " " + request.fields.map(\.value).joined(separator: " ")
                let body = Array(said.utf8) + request.body
                return HTTPResponse(status: 200, fields: [HTTPField("X-Echo", said)], body: body)
            }
        )
        let transport = CurlTransport(.init(addresses: .any, httpsOnly: false))
        let request = HTTPRequest(
            method: "POST",
            url: server.url
                + (place == "path" ? "/bot\(Self.canary)/getMe" : place == "query" ? "/?key=\(Self.canary)" : "/"),
            fields: place == "field" ? [HTTPField("X-API-Key", Self.canary)] : [],
            body: place == "body" ? Array(Self.canary.utf8) : []
        )
        let response = try await transport.send(request)
        #expect(!String(decoding: response.body, as: UTF8.self).contains("Kanarienvogel"))
        #expect(String(decoding: response.body, as: UTF8.self).contains("[redacted]"))
        #expect(!response.fields.contains { $0.value.contains("Kanarienvogel") })
        var streamed: [UInt8] = []
        for try await piece in transport.stream(request) { streamed += piece }
        #expect(!String(decoding: streamed, as: UTF8.self).contains("Kanarienvogel"))
        await server.stop()
    }
}
