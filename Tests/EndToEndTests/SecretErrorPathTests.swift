import Cryptography
import DatabaseEngines
import Foundation
import Gateway
import HTTPMessages
import HTTPTransport
import Keystore
import Logging
import Reconciliation
import Routing
import Sandbox
import Scenarios
import Seams
import Settlement
import StrictJSON
import Synchronization
import Testing
import Webhooks

/// Every client of the gateway, directed to a server that repeats each request.
@Suite("A peer that repeats secrets", .serialized)
struct SecretErrorPathTests {
    /// A transport that can be directed to one server.
    private final class TurnedTransport: HTTPTransport {
        private let real = CurlTransport(.init(addresses: .any, httpsOnly: false))
        private let target = Mutex<String?>(nil)

        func turn(to url: String) { target.withLock { $0 = url } }
        func close() { real.close() }

        private func turned(_ request: HTTPRequest) -> HTTPRequest {
            guard let target = target.withLock({ $0 }), let url = URLComponents(string: request.url) else {
                return request
            }
            var request = request
            request.url = target + url.percentEncodedPath + (url.percentEncodedQuery.map { "?" + $0 } ?? "")
            return request
        }

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            try await real.send(turned(request))
        }

        func stream(_ request: HTTPRequest) -> AsyncThrowingStream<[UInt8], any Error> { real.stream(turned(request)) }
    }

    private static let addedToken = "6161616161:AddedAtTheWorstMomentQ7x9Zk3Lm2"

    /// The secret parts of each secret, which must appear nowhere.
    private static func canaries(_ world: ScenarioWorld, _ keystore: Keystore) throws -> [String] {
        var canaries = [SandboxHome.passphrase, "AddedAtTheWorstMomentQ7x9Zk3Lm2"]
        for label in keystore.labels {
            let text = try keystore.secret(label.name).withUnsafeBytes { bytes in
                label.kind == .secret ? String(decoding: bytes, as: UTF8.self) : Hex.encode(Array(bytes))
            }
            let part = String(text.split(separator: ":").last ?? "")
            canaries.append(part.utf8.count < 16 ? text : part)
        }
        return canaries + [String(world.apiKey.split(separator: "_").last ?? "")]
    }

    @Test(
        "puts none into the log, the database, an answer or a report, wherever it repeats them",
        arguments: EchoServer.Place.allCases
    )
    func nowhere(place: EchoServer.Place) async throws {
        let echo = try EchoServer(place)
        defer { echo.stop() }
        try await withWorld { world in
            let (transport, log) = (TurnedTransport(), KeptLog())
            try await world.gateway.close()
            var configuration = try world.home.configuration()
            configuration.http.port = 0
            let keystore = try world.home.keystore()
            let gateway = try await world.gateway(
                of: configuration,
                keystore: keystore,
                over: transport,
                logger: log.logger
            )
            _ = try await gateway.listen()
            var answers: [String] = []
            func ask(_ method: String, _ path: String, _ body: JSONValue? = nil) async {
                let fields = method == "POST" ? [HTTPField("Idempotency-Key", "k\(answers.count)")] : []
                let request = InterfaceTests.request(world, method, path, body, fields: fields)
                let answer = await gateway.router.respond(to: request)
                answers.append(String(decoding: answer.body, as: UTF8.self) + "\(answer.fields)")
            }
            await ask("POST", "/v1/invoices", InterfaceTests.order)
            let before = echo.answered
            transport.turn(to: echo.url)
            for rails in [["ton"], ["evm"], ["telegram_fiat"]] { await ask("POST", "/v1/invoices", Self.order(rails)) }
            await ask("POST", "/v1/bots", ["token": .string(Self.addedToken), "stars": .bool(true)])
            for _ in 0..<3 {
                let pass = await gateway.worker.runOnce()
                answers += pass.problems
                _ = await gateway.deliveries.runOnce()
                await gateway.lookForMissingRails()
            }
            do { _ = try await gateway.registerWebhooks() } catch { answers.append("\(error)") }
            let report = try await ReconciliationReport.make(for: gateway.settlement)
            answers += report.warnings + ["\(report)"]
            for path in ["/readyz", "/metrics", "/v1/events", "/v1/webhook_endpoints", "/v1/invoices"] {
                await ask("GET", path)
            }
            // Telegram, both chains and the merchant's receiver were asked.
            #expect(echo.answered >= before + 8)
            let stored = try await Engine.sqlite.content(of: gateway.settlement.database)
            let logged = log.lines
            for canary in try Self.canaries(world, keystore) {
                #expect(canary.utf8.count >= 8)
                let escaped = canary.utf8.map { "\\u00" + String($0, radix: 16) }.joined()
                for form in [canary, Hex.encode(Array(canary.utf8)), escaped] {
                    #expect(!logged.contains { $0.contains(form) }, "the log, \(place)")
                    #expect(!stored.contains { $0.contains(form) }, "the database, \(place)")
                    #expect(!answers.contains { $0.contains(form) }, "an answer, \(place)")
                }
            }
            try await gateway.close()
            transport.close()
        }
    }

    private static func order(_ rails: [String]) -> JSONValue {
        [
            "title": "Tea", "description": "Tea", "goods": "physical", "amount": "2", "asset": "fiat:EUR",
            "rails": .array(
                rails.map { rail in
                    switch rail {
                    case "ton": ["rail": "ton", "amount": "1", "asset": "ton:testnet:native"]
                    case "evm": ["rail": "evm", "amount": "1", "asset": .string(SandboxHome.coinAsset)]
                    default: ["rail": "telegram_fiat"]
                    }
                }
            ),
        ]
    }
}
