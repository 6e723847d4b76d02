import Cryptography
import HTTPMessages
import HTTPTransport
import Seams
import StrictJSON
import TelegramBot
import Testing

@Suite("A bot's token")
struct CanaryTests {
    private static let canary = "4242:CANARY-THAT-NOBODY-MAY-SEE"

    /// A transport with a fixed outcome.
    private struct Scripted: HTTPTransport {
        let outcome: Result<HTTPResponse, HTTPTransportError>

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse { try outcome.get() }
    }

    private func error(over transport: any HTTPTransport, at url: String) async -> String {
        let client = BotClient(
            transport: transport,
            baseURL: url,
            token: SecretBytes(Array(Self.canary.utf8)),
            isTestEnvironment: false,
            timeout: .seconds(2)
        )
        do {
            try await client.call("getMe")
            return ""
        } catch { return "\(error) \(error.reason) \(String(reflecting: error))" }
    }

    @Test(
        "is in no error of the transport",
        arguments: [
            "http://127.0.0.1:1", "http://nowhere.invalid", "https://127.0.0.1:1", "gopher://127.0.0.1", "not a url",
            "",
        ]
    )
    func transport(url: String) async {
        let transport = CurlTransport(.init(addresses: .any, httpsOnly: false))
        let text = await error(over: transport, at: url)
        #expect(!text.isEmpty && !text.contains("CANARY"), "\(text)")
    }

    @Test("is in no error of an answer", arguments: [200, 301, 400, 401, 404, 429, 500, 502])
    func answers(status: Int) async {
        let body = "<html>/bot\(Self.canary)/getMe</html>"
        let echo = HTTPResponse(status: status, fields: [], body: Array(body.utf8))
        let text = await error(over: Scripted(outcome: .success(echo)), at: "https://api.telegram.org")
        #expect(!text.isEmpty && !text.contains("CANARY"), "\(text)")
    }
}
