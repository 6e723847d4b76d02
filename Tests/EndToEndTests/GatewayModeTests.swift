import Cryptography
import DatabaseEngines
import Gateway
import HTTPMessages
import HTTPTransport
import Keystore
import Logging
import Scenarios
import Seams
import TelegramBot
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
                let gateway = try await world.gateway(of: configuration, over: transport, clock: SystemClock())
                try await gateway.close()
            }
            try await open(.test)
            try await open(.test)
            await #expect(throws: ConfigurationError.self) { try await open(.live) }
            // The database still opens in its own mode after the refusal.
            try await open(.test)
        }
    }
}

@Suite("A configuration", .serialized)
struct GatewayConfigurationTests {
    @Test("is refused when two providers share an account, because each would book its money")
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

    @Test(
        "is refused, with the place named, when two ways of shipping have one id, or one has none",
        arguments: ["post", ""]
    )
    func shipping(id: String) async throws {
        try await withWorld { world in
            var configuration = try world.home.configuration()
            let post = GatewayConfiguration.Bot.Shipping(id: "post", title: "Post", currency: "EUR", price: "3.50")
            configuration.bots[0].shipping = [post]
            try configuration.validate()
            let other = GatewayConfiguration.Bot.Shipping(id: id, title: "Other", currency: "EUR", price: "7.00")
            configuration.bots[0].shipping = [post, other]
            do throws(ConfigurationError) {
                try configuration.validate()
                Issue.record("two ways of shipping with one id, or one without, were taken")
            } catch {
                #expect("\(error)".contains("bots.\(configuration.bots[0].key).shipping[1]"))
            }
        }
    }

    /// Opens a gateway and closes it.
    private func open(_ configuration: GatewayConfiguration, _ keystore: Keystore, in world: ScenarioWorld) async throws
    {
        let transport = CurlTransport(.init(addresses: .any, httpsOnly: false))
        try await world.gateway(of: configuration, keystore: keystore, over: transport, clock: SystemClock()).close()
    }

    @Test("is refused when two keystore entries hold the same key or the same bot, whatever their names")
    func sharedKeys() async throws {
        try await withWorld { world in
            var keystore = try world.home.keystore()
            let now = Timestamp(seconds: 1)
            try keystore.add("ton-twin", kind: .ed25519, secret: keystore.secret("ton-hot"), at: now)
            try keystore.add("evm-twin", kind: .secret, secret: keystore.secret("evm-hot"), at: now)
            // A token that BotFather has renewed is another token of the same bot.
            let number = try #require(BotNumber(token: keystore.secret("bot-token")))
            let renewed = SecretBytes(Array("\(number):AnotherTokenOfTheSameBot".utf8))
            try keystore.add("bot-twin", kind: .secret, secret: renewed, at: now)
            try keystore.add("no-bot", kind: .secret, secret: SecretBytes(Array("0\(number):a".utf8)), at: now)
            var plain = try world.home.configuration()
            plain.database.path = try Engine.sqlite.place()
            var (bots, ton, evm) = (plain, plain, plain)
            bots.bots.append(contentsOf: bots.bots.prefix(1))
            bots.bots[bots.bots.count - 1].key = "twin"
            bots.bots[bots.bots.count - 1].tokenEntry = "bot-twin"
            ton.ton.append(contentsOf: ton.ton.prefix(1))
            ton.ton[ton.ton.count - 1].key = "twin"
            ton.ton[ton.ton.count - 1].walletEntry = "ton-twin"
            var twin = try #require(evm.evm?.first)
            (twin.key, twin.walletEntry) = ("twin", "evm-twin")
            evm.evm?.append(twin)
            for twice in [bots, ton, evm] {
                try twice.validate()
                await #expect(throws: ConfigurationError.self) { try await open(twice, keystore, in: world) }
            }
            bots = plain
            bots.bots[0].tokenEntry = "no-bot"
            await #expect(throws: ConfigurationError.self) { try await open(bots, keystore, in: world) }
            try await open(plain, keystore, in: world)
            // The history of an account is booked under its provider's key: under another key it would be booked again.
            var renamed = plain
            renamed.ton[0].key = "another"
            await #expect(throws: ConfigurationError.self) { try await open(renamed, keystore, in: world) }
            renamed = plain
            renamed.bots[0].key = "another"
            await #expect(throws: ConfigurationError.self) { try await open(renamed, keystore, in: world) }
            try await open(plain, keystore, in: world)
        }
    }
}
