import Checkout
import Cryptography
import Payments
import Seams

extension GatewayConfiguration {
    /// Mini Apps of bots whose tokens the gateway does not have: Telegram's own signature shows who their customers are.
    public struct MiniApps: Codable, Sendable {
        /// The bots: everybody's by their numbers alone, a merchant's with the merchant.
        public var bots: [Bot]
        /// Another key than Telegram's, in hexadecimal digits: for tests only.
        public var publicKey: String?

        enum CodingKeys: String, CodingKey {
            case bots
            case publicKey = "public_key"
        }

        /// A bot whose token the gateway does not have.
        public struct Bot: Codable, Hashable, Sendable {
            /// Its number.
            public var number: Int64
            /// Whose it is; none: everybody's who has no bot of its own.
            public var merchant: String?

            enum CodingKeys: String, CodingKey {
                case number
                case merchant
            }

            /// Reads a number alone, or one with a merchant.
            public init(from decoder: any Decoder) throws {
                if let number = try? decoder.singleValueContainer().decode(Int64.self) {
                    self.number = number
                    return
                }
                let container = try decoder.container(keyedBy: CodingKeys.self)
                number = try container.decode(Int64.self, forKey: .number)
                merchant = try container.decodeIfPresent(String.self, forKey: .merchant)
            }

            /// Writes a number alone, or one with a merchant.
            public func encode(to encoder: any Encoder) throws {
                guard let merchant else {
                    var container = encoder.singleValueContainer()
                    try container.encode(number)
                    return
                }
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode(number, forKey: .number)
                try container.encode(merchant, forKey: .merchant)
            }
        }

        /// The merchants of those bots that have one.
        func owners() throws(ConfigurationError) -> [Int64: MerchantID] {
            var owners: [Int64: MerchantID] = [:]
            for bot in bots {
                guard let text = bot.merchant else { continue }
                guard let merchant = try? MerchantID(text) else {
                    throw ConfigurationError("mini_apps.bots: '\(text)' is no merchant's identifier")
                }
                owners[bot.number] = merchant
            }
            return owners
        }

        func thirdParties(isLive: Bool) throws(ConfigurationError) -> CheckoutTrust.ThirdParties {
            guard publicKey == nil || !isLive else {
                throw ConfigurationError("mini_apps.public_key is for tests; a live gateway believes Telegram only")
            }
            let usual = isLive ? CheckoutTrust.ThirdParties.productionKey : CheckoutTrust.ThirdParties.testKey
            do {
                return CheckoutTrust.ThirdParties(
                    bots: bots.map(\.number),
                    key: try Ed25519.PublicKey(try Hex.decode(publicKey ?? usual))
                )
            } catch {
                throw ConfigurationError("mini_apps.public_key is no Ed25519 key in hexadecimal digits: \(error)")
            }
        }
    }
}
