import BotConversation
import Cryptography
import GatewayHTTP
import HTTPTransport
import Logging
import Money
import Payments
import ProviderTelegram
import Providers
import Seams
import Settlement
import Storage
import TelegramBot

/// Adds bots while the gateway runs, and brings in those that another gateway on the same database has added.
struct BotKeeper: BotKeeping {
    let settlement: Settlement
    let directory: BotDirectory
    let limits: CurrencyTable
    let surroundings: Gateway.Surroundings
    /// The Bot API server, and whether bots of the test environment may be added.
    let server: (url: String, takesTestBots: Bool)
    /// Whether Telegram reaches the gateway.
    let isReachable: Bool
    /// What tokens are sealed with.
    let key: SealingKey
    let logger: Logger

    func add(_ bot: NewBot, id: BotID) async throws -> BotRecord {
        if let stored = try await settlement.database.read({ try $0.bot(id) }) {
            try await bringIn(stored, registering: true)
            return stored
        }
        let record = try await record(of: bot, id: id)
        // Before it is stored: a bot that Telegram does not know leaves nothing behind.
        try await settlement.database.write { session in
            guard try !session.hasBot(key: record.key) else {
                throw SettlementError(.conflict, "the bot @\(record.username) is here already", parameter: "token")
            }
            try session.insert(record)
        }
        try await bringIn(record, registering: true)
        return record
    }

    private func record(of bot: NewBot, id: BotID) async throws -> BotRecord {
        func refuse(_ reason: String, _ parameter: String) -> SettlementError {
            SettlementError(.invalidRequest, reason, parameter: parameter)
        }
        guard !bot.isInTestEnvironment || server.takesTestBots else {
            throw refuse("a live gateway takes no bots of Telegram's test environment", "test_environment")
        }
        guard isReachable else {
            throw SettlementError(
                .unavailable,
                "Telegram does not reach the gateway; its operator sets http.public_url"
            )
        }
        guard bot.takesStars || bot.providerToken != nil else {
            throw refuse("a bot takes Stars, or fiat money by a payment provider token", "stars")
        }
        guard bot.providerToken == nil || !bot.currencies.isEmpty else {
            throw refuse("name the currencies of the payment provider token, for example EUR", "currencies")
        }
        for currency in bot.currencies {
            let asset = (try? AssetID.fiat(currency)).flatMap { settlement.assets.asset($0) }
            guard asset != nil else { throw refuse("there is no currency '\(currency.prefix(10))'", "currencies") }
        }
        let digits = bot.token.withUnsafeBytes { bytes in
            String(decoding: bytes.prefix { $0 != UInt8(ascii: ":") }.prefix(20), as: UTF8.self)
        }
        guard let number = Int64(digits), number > 0 else { throw refuse("this is no bot's token", "token") }
        let isConfigured = directory.all.contains { $0.token.withUnsafeBytes { $0.starts(with: "\(number):".utf8) } }
        guard !isConfigured else { throw SettlementError(.conflict, "the bot is here already", parameter: "token") }
        let client = client(bot.token, isInTestEnvironment: bot.isInTestEnvironment)
        let identity: BotIdentity
        do { identity = try await client.identity() } catch {
            guard error.code != .refused else { throw refuse("Telegram knows no bot with this token", "token") }
            throw SettlementError(.unavailable, "Telegram cannot be asked at the moment: \(error.reason)")
        }
        let secret = SecretBytes(Array(Hex.encode(surroundings.random.bytes(32)).utf8))
        return BotRecord(
            id: id,
            merchant: bot.merchant,
            key: "b\(number)",
            username: identity.username,
            isInTestEnvironment: bot.isInTestEnvironment,
            sealedToken: try key.seal(bot.token, for: Self.purpose(id, "token")),
            sealedSecret: try key.seal(secret, for: Self.purpose(id, "secret")),
            sealedProviderToken: try bot.providerToken.map {
                try key.seal($0, for: Self.purpose(id, "provider token"))
            },
            currencies: bot.currencies,
            takesStars: bot.takesStars,
            supportContact: bot.supportContact,
            termsURL: bot.termsURL,
            createdAt: settlement.clock.now()
        )
    }

    /// What one of a bot's secrets is sealed for.
    private static func purpose(_ id: BotID, _ name: String) -> String { "\(id.text) \(name)" }

    private func client(_ token: SecretBytes, isInTestEnvironment: Bool) -> BotClient {
        BotClient(
            transport: surroundings.transport,
            baseURL: server.url,
            token: token,
            isTestEnvironment: isInTestEnvironment
        )
    }

    // MARK: - Bringing in

    /// Brings in the bots that are stored and not here yet.
    ///
    /// - Parameter registering: whether Telegram is told where their updates go.
    /// - Throws: what the database throws.
    func bringInAll(registering: Bool) async throws {
        for record in try await settlement.database.read({ try $0.bots() }) where directory.bot(record.key) == nil {
            do { try await bringIn(record, registering: registering) } catch {
                logger.warning("the bot @\(record.username) cannot be used: \(error)")
            }
        }
    }

    private func bringIn(_ record: BotRecord, registering: Bool) async throws {
        let token = try key.open(record.sealedToken, for: Self.purpose(record.id, "token"))
        let client = client(token, isInTestEnvironment: record.isInTestEnvironment)
        let bot = Gateway.ConfiguredProviders.Bot(
            key: record.key,
            client: client,
            token: token,
            secret: try key.open(record.sealedSecret, for: Self.purpose(record.id, "secret")),
            conversation: .init(client: client, contact: record.supportContact, terms: record.termsURL),
            isPolled: false
        )
        if registering, let base = settlement.address.url {
            do throws(ConfigurationError) { try await bot.register(at: "\(base)/telegram/\(record.key)") } catch {
                throw SettlementError(.unavailable, error.reason)
            }
        }
        guard directory.bot(record.key) == nil else { return }
        let channel = TelegramChannel(
            key: record.key,
            client: client,
            assets: settlement.assets,
            isTestEnvironment: record.isInTestEnvironment,
            clock: surroundings.clock
        )
        var providers: [any PaymentProvider] = []
        if let sealed = record.sealedProviderToken {
            providers.append(
                TelegramFiatProvider(
                    channel: channel,
                    providerToken: try key.open(sealed, for: Self.purpose(record.id, "provider token")),
                    currencies: try record.currencies.map { try AssetID.fiat($0) },
                    limits: limits
                )
            )
        }
        if record.takesStars { providers.append(TelegramStarsProvider(channel: channel)) }
        directory.add(bot)
        try settlement.providers.add(providers, of: record.merchant)
    }
}
