package import Cryptography
package import Payments
package import Records

/// The settings of a bot that is added.
package struct NewBot: Sendable {
    /// The merchant whose bot it is; nil when every merchant may use it.
    package var merchant: MerchantID?
    /// The token that BotFather gave.
    package var token: SecretBytes
    /// The payment provider token; nil when it takes no fiat money.
    package var providerToken: SecretBytes?
    /// The currencies of the provider token.
    package var currencies: [String]
    /// Whether it takes Stars.
    package var takesStars: Bool
    /// Whether it lives in Telegram's test environment.
    package var isInTestEnvironment: Bool
    /// The contact that `/paysupport` names.
    package var supportContact: String?
    /// The address of the terms.
    package var termsURL: String?
    /// The chat in which its owner is told about problems.
    package var ownerChat: String?
}

/// A change of a bot's settings; a setting that is nil stays as it is.
package struct BotChange: Sendable {
    /// Another token of the same bot.
    package var token: SecretBytes?
    /// Another payment provider token.
    package var providerToken: SecretBytes?
    /// The currencies of the provider token.
    package var currencies: [String]?
    /// Whether it takes Stars.
    package var takesStars: Bool?
    /// The contact that `/paysupport` names; `.some(nil)` removes it.
    package var supportContact: String??
    /// The address of the terms; `.some(nil)` removes it.
    package var termsURL: String??
    /// The chat in which its owner is told about problems; `.some(nil)` removes it.
    package var ownerChat: String??
    /// Whether new invoices may use it.
    package var isActive: Bool?
}

/// Adds and changes bots while the gateway runs.
package protocol BotRegistering: Sendable {
    /// Adds a bot: asks Telegram for its identity, registers its webhook, and offers its rails to new invoices.
    ///
    /// Adding it again with the same identifier returns the same bot.
    ///
    /// - Throws: `SettlementError`.
    /// - Returns: the bot.
    func add(_ bot: NewBot, id: BotID) async throws -> BotRecord

    /// Changes a bot; its earlier payments are still followed when new invoices no longer use it.
    ///
    /// - Throws: `SettlementError`.
    /// - Returns: the bot as it is now.
    func change(_ bot: BotRecord, _ change: BotChange) async throws -> BotRecord
}
