package import Cryptography
package import Payments
package import Records

/// What somebody says of a bot that is added.
package struct NewBot: Sendable {
    /// The merchant whose bot it is; nil when every merchant may use it.
    package var merchant: MerchantID?
    /// What BotFather gave.
    package var token: SecretBytes
    /// The payment provider token; nil when it takes no fiat money.
    package var providerToken: SecretBytes?
    /// The currencies of the provider token.
    package var currencies: [String]
    /// Whether it takes Stars.
    package var takesStars: Bool
    /// Whether it lives in Telegram's test environment.
    package var isInTestEnvironment: Bool
    /// Who is asked after `/paysupport`.
    package var supportContact: String?
    /// Where the terms are.
    package var termsURL: String?
    /// Where its owner is told what goes wrong.
    package var ownerChat: String?
}

/// What is changed of a bot; what is nil stays as it is.
package struct BotChange: Sendable {
    /// Another token of the same bot.
    package var token: SecretBytes?
    /// Another payment provider token.
    package var providerToken: SecretBytes?
    /// The currencies of the provider token.
    package var currencies: [String]?
    /// Whether it takes Stars.
    package var takesStars: Bool?
    /// Who is asked after `/paysupport`, or nobody.
    package var supportContact: String??
    /// Where the terms are, or nowhere.
    package var termsURL: String??
    /// Where its owner is told what goes wrong, or nowhere.
    package var ownerChat: String??
    /// Whether new invoices are offered it.
    package var isActive: Bool?
}

/// Adds and changes bots while the gateway runs.
package protocol BotKeeping: Sendable {
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
