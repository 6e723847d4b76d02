import Checkout
import Cryptography

extension GatewayConfiguration {
    /// Mini Apps of bots whose tokens the gateway does not have: Telegram's own signature shows who their customers are.
    public struct MiniApps: Codable, Sendable {
        /// The bots, by their numbers.
        public var bots: [Int64]
        /// Another key than Telegram's, in hexadecimal digits: for tests only.
        public var publicKey: String?

        enum CodingKeys: String, CodingKey {
            case bots
            case publicKey = "public_key"
        }

        func thirdParties(isLive: Bool) throws(ConfigurationError) -> CheckoutTrust.ThirdParties {
            guard publicKey == nil || !isLive else {
                throw ConfigurationError("mini_apps.public_key is for tests; a live gateway believes Telegram only")
            }
            let usual = isLive ? CheckoutTrust.ThirdParties.productionKey : CheckoutTrust.ThirdParties.testKey
            do {
                return CheckoutTrust.ThirdParties(
                    bots: bots,
                    key: try Ed25519.PublicKey(try Hex.decode(publicKey ?? usual))
                )
            } catch {
                throw ConfigurationError("mini_apps.public_key is no Ed25519 key in hexadecimal digits: \(error)")
            }
        }
    }
}
