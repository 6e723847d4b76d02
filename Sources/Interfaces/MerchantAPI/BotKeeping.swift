public import Cryptography
public import Payments
public import Storage

/// What somebody says of a bot that is added.
public struct NewBot: Sendable {
    /// The merchant whose bot it is; nil when every merchant may use it.
    public var merchant: MerchantID?
    /// What BotFather gave.
    public var token: SecretBytes
    /// The payment provider token; nil when it takes no fiat money.
    public var providerToken: SecretBytes?
    /// The currencies of the provider token.
    public var currencies: [String]
    /// Whether it takes Stars.
    public var takesStars: Bool
    /// Whether it lives in Telegram's test environment.
    public var isInTestEnvironment: Bool
    /// Who is asked after `/paysupport`.
    public var supportContact: String?
    /// Where the terms are.
    public var termsURL: String?
    /// Where its owner is told what goes wrong.
    public var ownerChat: String?
}

/// What is changed of a bot; what is nil stays as it is.
public struct BotChange: Sendable {
    /// Another token of the same bot.
    public var token: SecretBytes?
    /// Another payment provider token.
    public var providerToken: SecretBytes?
    /// The currencies of the provider token.
    public var currencies: [String]?
    /// Whether it takes Stars.
    public var takesStars: Bool?
    /// Who is asked after `/paysupport`, or nobody.
    public var supportContact: String??
    /// Where the terms are, or nowhere.
    public var termsURL: String??
    /// Where its owner is told what goes wrong, or nowhere.
    public var ownerChat: String??
    /// Whether new invoices are offered it.
    public var isActive: Bool?
}

/// Adds and changes bots while the gateway runs.
public protocol BotKeeping: Sendable {
    /// Adds a bot: Telegram says who it is, its webhook is registered, and its rails are offered from then on.
    ///
    /// Adding it again with the same identifier is the same bot.
    ///
    /// - Throws: `SettlementError`.
    /// - Returns: the bot.
    func add(_ bot: NewBot, id: BotID) async throws -> BotRecord

    /// Changes a bot: what was paid by it is still looked after when it is no longer offered.
    ///
    /// - Throws: `SettlementError`.
    /// - Returns: the bot as it is now.
    func change(_ bot: BotRecord, _ change: BotChange) async throws -> BotRecord
}
