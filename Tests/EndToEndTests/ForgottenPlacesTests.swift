import Cryptography
import Gateway
import GatewayHTTP
import HTTPTransport
import Logging
import Money
import Reconciliation
import Sandbox
import Scenarios
import Seams
import StrictJSON
import Testing

@Suite("Money at a place that the configuration does not name", .serialized)
struct ForgottenPlacesTests {
    @Test("is in the report with its amount, makes it unclean, and is told of by /readyz")
    func provider() async throws {
        try await withWorld { world in
            let invoice = try await world.merchant.post("/v1/invoices", InterfaceTests.order, idempotencyKey: "i")
            let option = try #require(invoice["options"]?.arrayValue?.first)
            #expect(try await world.pay(option, by: "alice"))
            try await world.settle()
            #expect(try await world.findings().isEmpty)
            // The operator takes the wallet out of the configuration.
            try await world.gateway.close()
            var configuration = try world.home.configuration()
            configuration.ton = []
            configuration.tonConnect = nil
            configuration.http.port = 0
            let transport = CurlTransport(.init(addresses: .any, httpsOnly: false))
            defer { transport.close() }
            let gateway = try await Gateway(
                configuration,
                keystore: world.home.keystore(),
                surroundings: .init(
                    clock: world.networks.clock,
                    random: SystemRandom(),
                    transport: transport,
                    webhookTransport: transport
                ),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            _ = try await gateway.listen()
            let report = try await ReconciliationReport.make(for: gateway.settlement)
            #expect(!report.isClean)
            #expect(report.lines.contains { $0.provider == "ton-testnet" && $0.ledger.isPositive && !$0.isExplained })
            let ready = await gateway.api.respond(to: HTTPRequest(url: "/readyz"))
            #expect(ready.status == 200)
            #expect(String(decoding: ready.body, as: UTF8.self).contains("provider ton-testnet: the books hold money"))
            try await gateway.close()
        }
    }

    @Test("is told of when the wallet of a provider is another than before")
    func wallet() async throws {
        try await withWorld { world in
            try await world.settle()
            try await world.setTON { $0.isHighload = true }
            let ready = await world.gateway.api.respond(to: HTTPRequest(url: "/readyz"))
            #expect(
                String(decoding: ready.body, as: UTF8.self).contains("wallet ton-testnet: it was read with another")
            )
        }
    }
}
