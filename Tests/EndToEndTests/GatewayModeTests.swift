import Cryptography
import DatabaseEngines
import Gateway
import HTTPTransport
import Logging
import Scenarios
import Seams
import Testing

@Suite("Test money and real money", .serialized)
struct GatewayModeTests {
    @Test("never meet in one database, whichever came first")
    func modes() async throws {
        try await withWorld { world in
            var configuration = try world.home.configuration()
            let copy = try Engine.sqlite.place()
            configuration.database.path = copy
            func open(_ environment: GatewayConfiguration.Environment) async throws {
                configuration.environment = environment
                let transport = CurlTransport(.init(addresses: .any, httpsOnly: false))
                let gateway = try await Gateway(
                    configuration,
                    keystore: world.home.keystore(),
                    surroundings: .init(
                        clock: SystemClock(),
                        random: SystemRandom(),
                        transport: transport,
                        webhookTransport: transport
                    ),
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                )
                try await gateway.close()
            }
            try await open(.test)
            try await open(.test)
            await #expect(throws: ConfigurationError.self) { try await open(.live) }
            // The refusal left the database to the one that it belongs to.
            try await open(.test)
        }
    }
}

@Suite("A configuration", .serialized)
struct GatewayConfigurationTests {
    @Test("is refused when two providers share an account, whose money each would book for itself")
    func sharedAccounts() async throws {
        try await withWorld { world in
            let configuration = try world.home.configuration()
            try configuration.validate()
            var (bots, ton, evm) = (configuration, configuration, configuration)
            bots.bots.append(contentsOf: bots.bots.prefix(1))
            bots.bots[bots.bots.count - 1].key = "twin"
            ton.ton.append(contentsOf: ton.ton.prefix(1))
            ton.ton[ton.ton.count - 1].key = "twin"
            var twin = try #require(configuration.evm?.first)
            twin.key = "twin"
            evm.evm?.append(twin)
            for twice in [bots, ton, evm] {
                #expect(throws: ConfigurationError.self) { try twice.validate() }
            }
        }
    }
}
