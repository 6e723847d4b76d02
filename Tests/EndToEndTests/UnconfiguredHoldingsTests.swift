import CommandParts
import Cryptography
import FixtureTelegram
import Gateway
import HTTPMessages
import HTTPTransport
import Keystore
import Logging
import Money
import Operations
import Reconciliation
import Routing
import Sandbox
import Scenarios
import Seams
import StrictJSON
import Testing

@Suite("A wallet or bot that is missing from the configuration, or replaced,", .serialized)
struct UnconfiguredHoldingsTests {
    @Test("is in the report with its amount, makes it unclean, and is named by /readyz")
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
            let gateway = try await world.gateway(of: configuration, over: transport)
            _ = try await gateway.listen()
            let report = try await ReconciliationReport.make(for: gateway.settlement)
            #expect(!report.isClean)
            #expect(report.lines.contains { $0.provider == "ton-testnet" && $0.ledger.isPositive && !$0.isExplained })
            let ready = await gateway.router.respond(to: HTTPRequest(url: "/readyz"))
            #expect(ready.status == 200)
            #expect(String(decoding: ready.body, as: UTF8.self).contains("provider ton-testnet: the books hold money"))
            try await gateway.close()
        }
    }

    @Test("is named when the wallet of a provider was replaced")
    func wallet() async throws {
        try await withWorld { world in
            try await world.settle()
            try await world.setTON { $0.isHighload = true }
            let ready = await world.gateway.router.respond(to: HTTPRequest(url: "/readyz"))
            #expect(
                String(decoding: ready.body, as: UTF8.self).contains(
                    "wallet ton-testnet: it stood for another wallet or bot"
                )
            )
        }
    }

    /// Opens the gateway of a world again, with its configuration or keys changed.
    private static func reopen(
        _ world: ScenarioWorld,
        _ change: (inout GatewayConfiguration, inout Keystore) throws -> Void
    ) async throws -> (report: ReconciliationReport, ready: String) {
        try await world.gateway.close()
        var (configuration, keystore) = (try world.home.configuration(), try world.home.keystore())
        configuration.http.port = 0
        try change(&configuration, &keystore)
        let transport = CurlTransport(.init(addresses: .any, httpsOnly: false))
        defer { transport.close() }
        let gateway = try await world.gateway(of: configuration, keystore: keystore, over: transport)
        _ = try await gateway.listen()
        let report = try await ReconciliationReport.make(for: gateway.settlement)
        let ready = await gateway.router.respond(to: HTTPRequest(url: "/readyz"))
        try await gateway.close()
        return (report, String(decoding: ready.body, as: UTF8.self))
    }

    /// The keystore entry that is replaced on each rail, and the providers that use it.
    private static let replaced: [(entry: @Sendable (GatewayConfiguration) -> String?, providers: [String])] = [
        ({ $0.ton.first?.walletEntry }, ["ton-testnet"]),
        ({ $0.evm?.first?.walletEntry }, ["evm-sandbox"]),
        ({ $0.bots.first?.tokenEntry }, ["shop-fiat", "shop-stars"]),
    ]

    @Test("is named at the start and in the report: another key, seed or token under the same name", arguments: 0..<3)
    func replaced(number: Int) async throws {
        let (entry, providers) = Self.replaced[number]
        try await withWorld { world in
            try await world.settle()
            world.networks.telegram.addBot(token: "5151515151:AnotherAnotherAnotherAnotherAnother", providerToken: nil)
            let (report, ready) = try await Self.reopen(world) { configuration, keystore in
                let name = try #require(entry(configuration))
                let kind = try #require(keystore.labels.first { $0.name == name }).kind
                try keystore.remove(name)
                let secret: [UInt8] =
                    kind == .secret
                    ? Array("5151515151:AnotherAnotherAnotherAnotherAnother".utf8) : [UInt8](repeating: 7, count: 32)
                try keystore.add(name, kind: kind, secret: SecretBytes(secret), at: world.networks.clock.now())
            }
            for provider in providers {
                #expect(ready.contains("wallet \(provider): it stood for another wallet or bot before"), "\(ready)")
                #expect(report.warnings.contains { $0.hasPrefix("\(provider): it stood for ") })
            }
            #expect(ready.split(separator: "\n").count { $0.contains("it stood for another") } == providers.count)
        }
    }

    @Test("is never a bot that a merchant has added: its lines stay in the report, also after a restart")
    func addedBots() async throws {
        try await withWorld { world in
            _ = try await world.addNeighbour()
            func lines(_ report: ReconciliationReport) -> Set<String> {
                Set(report.lines.map(\.provider).filter { $0.hasPrefix("b900000009-") })
            }
            let before = lines(try await ReconciliationReport.make(for: world.gateway.settlement))
            #expect(before.contains("b900000009-stars"))
            try await world.restart()
            #expect(lines(try await ReconciliationReport.make(for: world.gateway.settlement)) == before)
            #expect(try await world.report().problems.isEmpty)
        }
    }
}
