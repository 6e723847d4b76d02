import BotConversation
import Cryptography
import HTTPMessages
import Logging
import MerchantAPI
import Money
import Payments
import ProviderTelegram
import Providers
import Records
import Seams
import Settlement
import Storage
import TelegramBot

/// Adds bots while the gateway runs, and loads those that another gateway on the same database has added.
struct BotRegistrar: BotRegistering {
    let settlement: Settlement
    let directory: BotDirectory
    let currencies: TelegramCurrencies
    let surroundings: Gateway.Surroundings
    /// The Bot API server, and whether bots of the test environment may be added.
    let server: (url: String, takesTestBots: Bool)
    /// Whether Telegram reaches the gateway.
    let isReachable: Bool
    /// The key that seals tokens.
    let key: SealingKey
    let logger: Logger

    func add(_ bot: NewBot, id: BotID) async throws -> BotRecord {
        if let stored = try await settlement.database.read({ try $0.bot(id) }) {
            try await bringIn(stored, registering: true)
            return stored
        }
        let record = try await record(of: bot, id: id)
        let providers = try providers(of: record, by: client(bot.token, isInTestEnvironment: bot.isInTestEnvironment))
        // Before it is stored: a bot that Telegram does not know leaves nothing behind.
        try await settlement.database.write { session in
            guard try !session.hasBot(key: record.key) else { throw Self.isHere(record) }
            try Self.claimAccounts(of: providers.map(\.provider), of: record, in: session)
            try session.insert(record)
        }
        try await bringIn(record, registering: true)
        return record
    }

    func change(_ bot: BotRecord, _ change: BotChange) async throws -> BotRecord {
        var wanted = bot
        if let token = change.token {
            guard "b\(try Self.number(token))" == bot.key else {
                throw Self.refusal("this is the token of another bot than @\(bot.username)", "token")
            }
            _ = try await identity(by: client(token, isInTestEnvironment: bot.isInTestEnvironment))
            wanted.sealedToken = try key.seal(token, for: Self.purpose(bot.id, "token"))
        }
        if let token = change.providerToken {
            wanted.sealedProviderToken = try key.seal(token, for: Self.purpose(bot.id, "provider token"))
        }
        if let currencies = change.currencies { wanted.currencies = currencies }
        if let takesStars = change.takesStars { wanted.takesStars = takesStars }
        if let contact = change.supportContact { wanted.supportContact = contact }
        if let terms = change.termsURL { wanted.termsURL = terms }
        if let chat = change.ownerChat { wanted.ownerChat = chat }
        if let isActive = change.isActive { wanted.isActive = isActive }
        try check(wanted.currencies, takesStars: wanted.takesStars, hasProvider: wanted.sealedProviderToken != nil)
        let changed = try await settlement.database.write { [wanted] in try $0.update(wanted) }
        guard let changed else {
            throw SettlementError(.conflict, "the bot was changed at the same time; read it and try again")
        }
        // A bot with another token starts without a webhook.
        try await bringIn(changed, registering: change.token != nil)
        return changed
    }

    private static func isHere(_ bot: BotRecord) -> SettlementError {
        SettlementError(.conflict, "the bot @\(bot.username) is here already", parameter: "token")
    }

    /// Binds the accounts of a bot to its providers, for ever.
    ///
    /// - Throws: ``SettlementError`` when one of them belongs to another provider, and what the database throws.
    private static func claimAccounts(
        of providers: [any PaymentProvider],
        of record: BotRecord,
        in session: any SQLSession
    ) throws {
        for provider in providers {
            for account in provider.accountNames {
                let owner = try session.owner(ofAccount: account, otherwise: provider.key)
                guard owner == provider.key else { throw isHere(record) }
            }
        }
    }

    private static func refusal(_ reason: String, _ parameter: String) -> SettlementError {
        SettlementError(.invalidRequest, reason, parameter: parameter)
    }

    /// Refuses a bot by which nobody could pay.
    private func check(_ currencies: [String], takesStars: Bool, hasProvider: Bool) throws {
        guard takesStars || hasProvider else {
            throw Self.refusal("a bot takes Stars, or fiat money by a payment provider token", "stars")
        }
        guard !hasProvider || !currencies.isEmpty else {
            throw Self.refusal("name the currencies of the payment provider token, for example EUR", "currencies")
        }
        for currency in currencies {
            if let fault = self.currencies.fault(of: currency) { throw Self.refusal(fault.reason, "currencies") }
        }
    }

    /// The number at the beginning of a bot's token; a new token has the same one.
    private static func number(_ token: SecretBytes) throws -> BotNumber {
        guard let number = BotNumber(token: token) else { throw refusal("this is no bot's token", "token") }
        return number
    }

    /// Whether a bot of the configuration has this number.
    private func isConfigured(_ number: BotNumber) -> Bool {
        directory.all.contains { $0.version == nil && $0.client.number == number }
    }

    private func identity(by client: BotClient) async throws -> BotIdentity {
        do { return try await client.identity() } catch {
            guard error.code != .refused else { throw Self.refusal("Telegram knows no bot with this token", "token") }
            throw SettlementError(.unavailable, "Telegram cannot be asked at the moment")
        }
    }

    private func record(of bot: NewBot, id: BotID) async throws -> BotRecord {
        guard !bot.isInTestEnvironment || server.takesTestBots else {
            throw Self.refusal("a live gateway takes no bots of Telegram's test environment", "test_environment")
        }
        guard isReachable else {
            throw SettlementError(
                .unavailable,
                "Telegram does not reach the gateway; its operator sets http.public_url"
            )
        }
        try check(bot.currencies, takesStars: bot.takesStars, hasProvider: bot.providerToken != nil)
        let number = try Self.number(bot.token)
        guard !isConfigured(number) else {
            throw SettlementError(.conflict, "the bot is here already", parameter: "token")
        }
        let identity = try await identity(by: client(bot.token, isInTestEnvironment: bot.isInTestEnvironment))
        guard identity.id == number.value else {
            throw Self.refusal("Telegram knows this token as another bot's", "token")
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
            ownerChat: bot.ownerChat,
            createdAt: settlement.clock.now()
        )
    }

    /// The purpose for which one of a bot's secrets is sealed.
    private static func purpose(_ id: BotID, _ name: String) -> String { "\(id.text) \(name)" }

    private func client(_ token: SecretBytes, isInTestEnvironment: Bool) -> BotClient {
        BotClient(
            transport: surroundings.transport,
            baseURL: server.url,
            token: token,
            isTestEnvironment: isInTestEnvironment,
            clock: surroundings.clock
        )
    }

    // MARK: - Loading

    /// Loads the stored bots that are missing here, or have a newer version.
    ///
    /// Telegram is not asked: payments by these bots are followed at once, and new invoices may use them when Telegram
    /// has answered.
    ///
    /// - Throws: what the database throws.
    /// - Returns: the check of each of them.
    func bringInAll() async throws -> [RailChecks.Check] {
        var checks: [RailChecks.Check] = []
        for record in try await settlement.database.read({ try $0.bots() })
        where directory.bot(record.key)?.version != record.version {
            do { try await bringIn(record, registering: false) } catch {
                logger.warning("the bot @\(record.username) cannot be used: \(error)")
                continue
            }
            if let bot = directory.bot(record.key), let check = check(bot, stopsStart: false) { checks.append(check) }
        }
        return checks
    }

    /// The check whether a bot's payments can be taken; nil when none of its updates ever arrives.
    func check(_ bot: Gateway.ConfiguredProviders.Bot, stopsStart: Bool) -> RailChecks.Check? {
        guard bot.isPolled || isReachable else { return nil }
        let source = "telegram:\(bot.key)"
        let providers = settlement.providers.providers.filter { $0.push?.source == source }.map(\.key)
        return RailChecks.Check(subject: "bot \(bot.key)", providers: providers, stopsStart: stopsStart) {
            [address = settlement.address] () async throws(ProviderError) in
            if !bot.isPolled, let base = address.url {
                return try await bot.register(at: "\(base)/telegram/\(bot.key)")
            }
            do throws(TelegramError) { _ = try await bot.client.identity() } catch { throw ProviderError(error) }
        }
    }

    private func bringIn(_ record: BotRecord, registering: Bool) async throws {
        let token = try key.open(record.sealedToken, for: Self.purpose(record.id, "token"))
        let secret = try key.open(record.sealedSecret, for: Self.purpose(record.id, "secret"))
        // The token is random too, and not a word that the merchant has chosen: Telegram knows it.
        for random in [token, secret] { random.hideWhileHeld() }
        let client = client(token, isInTestEnvironment: record.isInTestEnvironment)
        let bot = Gateway.ConfiguredProviders.Bot(
            key: record.key,
            client: client,
            token: token,
            secret: secret,
            conversation: .init(
                client: client,
                providers: TelegramChannel.providers(of: record.key),
                paymentKey: { TelegramKeys.payment($0, isTestEnvironment: record.isInTestEnvironment) },
                contact: record.supportContact,
                terms: record.termsURL,
                ownerChat: record.ownerChat
            ),
            merchant: record.merchant,
            isPolled: false,
            version: record.version
        )
        if registering, let base = settlement.address.url {
            do { try await bot.register(at: "\(base)/telegram/\(record.key)") } catch {
                throw SettlementError(.unavailable, "the bot's webhook cannot be set: \(error.reason)")
            }
        }
        let providers = try providers(of: record, by: client)
        // A bot may have been stored before accounts were: a bot of the configuration may own them by now.
        try await settlement.database.write { session in
            try Self.claimAccounts(of: providers.map(\.provider), of: record, in: session)
        }
        try directory.put(bot) {
            for (provider, isTaken) in providers {
                try settlement.providers.put(provider, of: record.merchant, isOffered: isTaken && record.isActive)
            }
        }
    }

    /// The bot's providers, and whether each takes money now.
    private func providers(
        of record: BotRecord,
        by client: BotClient
    ) throws -> [(provider: any PaymentProvider, isTaken: Bool)] {
        let channel = TelegramChannel(
            key: record.key,
            client: client,
            assets: settlement.assets,
            isTestEnvironment: record.isInTestEnvironment,
            clock: surroundings.clock
        )
        var providers: [(provider: any PaymentProvider, isTaken: Bool)] = []
        if let sealed = record.sealedProviderToken {
            let token = try key.open(sealed, for: Self.purpose(record.id, "provider token"))
            client.hide(token)
            let fiat = TelegramFiatProvider(
                channel: channel,
                providerToken: token,
                currencies: try record.currencies.map { try AssetID.fiat($0) },
                table: currencies
            )
            providers.append((fiat, true))
        }
        providers.append((TelegramStarsProvider(channel: channel), record.takesStars))
        return providers
    }
}
