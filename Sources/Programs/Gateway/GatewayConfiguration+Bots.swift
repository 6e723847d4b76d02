extension GatewayConfiguration {
    /// A bot, and what its customers can pay with.
    package struct Bot: Codable, Sendable {
        /// The bot's key: part of the webhook's path and of the providers' keys; never changed later.
        package var key: String
        /// The keystore entry with the bot's token.
        package var tokenEntry: String
        /// The keystore entry with the webhook's secret (`X-Telegram-Bot-Api-Secret-Token`).
        package var webhookSecretEntry: String
        /// The Bot API server.
        package var apiURL: String
        /// Whether the bot lives in Telegram's test environment.
        package var testEnvironment: Bool
        /// The keystore entry with the payment provider token; nil when the bot takes no fiat money.
        package var providerTokenEntry: String?
        /// The currencies of the provider token.
        package var currencies: [String]
        /// Whether it takes Stars.
        package var stars: Bool
        /// The contact that `/paysupport` names, for example `@teashop`; none is named when nil.
        package var supportContact: String?
        /// The address of the terms that `/terms` answers with.
        package var termsURL: String?
        /// The chat in which its owner is told that a merchant's endpoint was switched off; nobody is told when nil.
        package var ownerChat: String?
        /// Whether customers are told in the chat when a payment has arrived or was returned; true when nil.
        package var receipts: Bool?
        /// How the bot's updates come; Telegram sends them when nil.
        package var updates: Updates?
        /// The ways of shipping that are offered for invoices whose price depends on it.
        package var shipping: [Shipping]?

        /// How a bot's updates come.
        package enum Updates: String, Codable, Sendable {
            /// Telegram sends them to `http.public_url`.
            case webhook
            /// The gateway asks for them, where Telegram cannot reach it. Only one gateway may ask.
            case polling
        }

        /// A way of shipping.
        package struct Shipping: Codable, Sendable {
            /// A key for it.
            package var id: String
            /// Its name for the customer.
            package var title: String
            /// The currency of the price.
            package var currency: String
            /// The price, a decimal text.
            package var price: String

            /// A way of shipping.
            package init(id: String, title: String, currency: String, price: String) {
                self.id = id
                self.title = title
                self.currency = currency
                self.price = price
            }
        }

        /// Refuses two ways of shipping with the same id: Telegram names the customer's choice by it.
        func checkShipping() throws(ConfigurationError) {
            var known: Set<String> = []
            for (index, way) in (shipping ?? []).enumerated() {
                let place = "bots.\(key).shipping[\(index)]"
                guard !way.id.isEmpty, !way.title.isEmpty else {
                    throw ConfigurationError("\(place) has an id and a title")
                }
                guard known.insert(way.id).inserted else {
                    throw ConfigurationError("\(place).id: two ways of shipping are called '\(way.id)'")
                }
            }
        }

        enum CodingKeys: String, CodingKey {
            case key
            case tokenEntry = "token_entry"
            case webhookSecretEntry = "webhook_secret_entry"
            case apiURL = "api_url"
            case testEnvironment = "test_environment"
            case providerTokenEntry = "provider_token_entry"
            case currencies
            case stars
            case supportContact = "support_contact"
            case termsURL = "terms_url"
            case ownerChat = "owner_chat"
            case receipts
            case updates
            case shipping
        }

        /// A bot.
        package init(
            key: String,
            tokenEntry: String,
            webhookSecretEntry: String,
            apiURL: String,
            testEnvironment: Bool,
            providerTokenEntry: String?,
            currencies: [String],
            stars: Bool
        ) {
            self.key = key
            self.tokenEntry = tokenEntry
            self.webhookSecretEntry = webhookSecretEntry
            self.apiURL = apiURL
            self.testEnvironment = testEnvironment
            self.providerTokenEntry = providerTokenEntry
            self.currencies = currencies
            self.stars = stars
            shipping = nil
        }
    }
}
