package import Payments
package import Seams

/// A bot that was added while the gateway runs.
package struct BotRecord: Hashable, Sendable {
    /// The identifier.
    package let id: BotID
    /// The merchant who owns it; nil when it serves everybody.
    package let merchant: MerchantID?
    /// Part of the webhook's path and of the providers' keys.
    package let key: String
    /// Its name, without the `@`.
    package let username: String
    /// Whether it lives in Telegram's test environment.
    package let isInTestEnvironment: Bool
    /// Its token, sealed.
    package var sealedToken: [UInt8]
    /// The secret that Telegram sends with each update, sealed.
    package let sealedSecret: [UInt8]
    /// Its payment provider token, sealed; nil when it takes no fiat money.
    package var sealedProviderToken: [UInt8]?
    /// The currencies of the provider token.
    package var currencies: [String]
    /// Whether it takes Stars.
    package var takesStars: Bool
    /// The contact that is named in the answer to `/paysupport`.
    package var supportContact: String?
    /// The URL of the terms.
    package var termsURL: String?
    /// The chat in which its owner is told of problems.
    package var ownerChat: String?
    /// Whether new invoices are offered it.
    package var isActive = true
    /// How often it was changed.
    package var version = 0
    /// When it was added.
    package let createdAt: Timestamp

    /// A bot as it was added or stored.
    package init(
        id: BotID,
        merchant: MerchantID?,
        key: String,
        username: String,
        isInTestEnvironment: Bool,
        sealedToken: [UInt8],
        sealedSecret: [UInt8],
        sealedProviderToken: [UInt8]?,
        currencies: [String],
        takesStars: Bool,
        supportContact: String?,
        termsURL: String?,
        ownerChat: String?,
        createdAt: Timestamp
    ) {
        self.id = id
        self.merchant = merchant
        self.key = key
        self.username = username
        self.isInTestEnvironment = isInTestEnvironment
        self.sealedToken = sealedToken
        self.sealedSecret = sealedSecret
        self.sealedProviderToken = sealedProviderToken
        self.currencies = currencies
        self.takesStars = takesStars
        self.supportContact = supportContact
        self.termsURL = termsURL
        self.ownerChat = ownerChat
        self.createdAt = createdAt
    }
}
