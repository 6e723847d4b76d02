import Cryptography
import DatabaseEngines
import Gateway
import HTTPMessages
import HTTPTransport
import Money
import Payments
import Providers
import Reconciliation
import Sandbox
import Scenarios
import Settlement
import Storage
import StrictJSON
import Testing

@Suite("A rail that has never answered", .serialized)
struct SilentRailTests {
    /// The ways in which a rail does not answer.
    enum Way: String, Sendable, CaseIterable {
        case failing
        case hanging
        case garbage
    }

    /// A transport to all networks, one of which does not answer.
    private struct Deaf: HTTPTransport {
        let inner: CurlTransport
        let way: Way
        let isDeaf: @Sendable (HTTPRequest) -> Bool

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            guard isDeaf(request) else { return try await inner.send(request) }
            switch way {
            case .failing: return HTTPResponse(status: 500, body: [])
            case .hanging: throw HTTPTransportError(.timedOut, "no answer in time")
            case .garbage: return HTTPResponse(status: 200, body: Array("<html>".utf8))
            }
        }
    }

    private static func rail(_ request: HTTPRequest) -> String {
        if request.url.contains("/bot") { return "shop-stars" }
        return request.url.contains("/api/v") ? "ton-testnet" : "evm-sandbox"
    }

    /// Restarts the gateway of a world with a rail that does not answer from the start.
    private static func report(
        of world: ScenarioWorld,
        without provider: String,
        _ way: Way
    ) async throws -> ReconciliationReport {
        try await world.gateway.close()
        let transport = CurlTransport(.init(addresses: .any, httpsOnly: false))
        defer { transport.close() }
        let deaf = Deaf(inner: transport, way: way) { rail($0) == provider }
        let gateway = try await world.gateway(of: try world.home.configuration(), over: deaf)
        let report = try await ReconciliationReport.make(for: gateway.settlement)
        try await gateway.close()
        return report
    }

    @Test(
        "is in the report with each of its assets and makes it unclean, because its balance is unknown",
        arguments: Way.allCases,
        ["ton-testnet", "evm-sandbox", "shop-stars"]
    )
    func silent(way: Way, provider: String) async throws {
        try await withWorld { world in
            let assets = try #require(world.gateway.settlement.providers.provider(provider)).capabilities.assets
            let report = try await Self.report(of: world, without: provider, way)
            #expect(!report.isClean)
            let lines = report.lines.filter { $0.provider == provider }
            #expect(Set(lines.map(\.ledger.asset)) == Set(assets))
            #expect(lines.allSatisfy { $0.ledger.isZero && $0.stated == nil && !$0.isExplained })
            #expect(lines.allSatisfy { $0.reasons.first?.hasPrefix("the provider did not answer") == true })
            // A provider that states no balances has no line.
            #expect(!report.lines.contains { $0.provider == "shop-fiat" })
        }
    }

    @Test("may be a merchant's bot that cannot be used: it has a line of its own", arguments: Engine.allCases)
    func unusableBot(engine: Engine) async throws {
        let database = engine == .postgreSQL ? try PostgresServer.newDatabase() : nil
        try await withWorld(postgresql: database) { world in
            _ = try await world.addNeighbour()
            try await world.settle()
            #expect(try await world.findings().isEmpty)
            // Its token no longer opens, as if the key that sealed it were lost.
            _ = try await world.gateway.settlement.database.write { session in
                try session.execute("UPDATE bots SET token = secret", [])
            }
            try await world.restart()
            let report = try await ReconciliationReport.make(for: world.gateway.settlement)
            let lines = report.lines.filter { $0.provider == "b900000009" }
            #expect(lines.map(\.isExplained) == [false])
            #expect(!report.isClean)
        }
    }
}
