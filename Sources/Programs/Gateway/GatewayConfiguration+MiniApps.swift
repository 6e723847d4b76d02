import Checkout
import Cryptography
import Payments
import Seams

extension GatewayConfiguration {
    /// Mini Apps of bots that take no money here, whose customers the checkout page recognises.
    ///
    /// The gateway needs no tokens of these bots: Telegram's own signature identifies their customers.
    package struct MiniApps: Codable, Sendable {
        /// The bots; a bot that serves several merchants is listed once for each.
        package var bots: [Bot]
        /// A key that replaces Telegram's, in hexadecimal digits; for tests only.
        package var publicKey: String?

        enum CodingKeys: String, CodingKey {
            case bots
            case publicKey = "public_key"
        }

        /// A bot that takes no money here.
        package struct Bot: Codable, Hashable, Sendable {
            /// Its number.
            package var number: Int64
            /// The merchant that it serves, or ``all``.
            package var merchant: String

            /// Stands for all merchants who have no bot of their own.
            package static let all = "all"

            /// A bot whose customers count for a merchant's invoices.
            package init(number: Int64, merchant: String) {
                self.number = number
                self.merchant = merchant
            }
        }

        /// The merchants that each bot serves.
        func served() throws(ConfigurationError) -> [Int64: Set<ServedMerchants.Named>] {
            var served: [Int64: Set<ServedMerchants.Named>] = [:]
            for bot in bots {
                guard bot.merchant != Bot.all else {
                    served[bot.number, default: []].insert(.all)
                    continue
                }
                guard let merchant = try? MerchantID(bot.merchant) else {
                    throw ConfigurationError(
                        "mini_apps.bots: '\(bot.merchant)' is no merchant's identifier, and not '\(Bot.all)'"
                    )
                }
                served[bot.number, default: []].insert(.merchant(merchant))
            }
            return served
        }

        func thirdParties(isLive: Bool) throws(ConfigurationError) -> CheckoutTrust.ThirdParties {
            guard publicKey == nil || !isLive else {
                throw ConfigurationError("mini_apps.public_key is for tests; a live gateway believes Telegram only")
            }
            let usual = isLive ? CheckoutTrust.ThirdParties.productionKey : CheckoutTrust.ThirdParties.testKey
            do {
                return CheckoutTrust.ThirdParties(
                    bots: Array(Set(bots.map(\.number))),
                    key: try Ed25519.PublicKey(try Hex.decode(publicKey ?? usual))
                )
            } catch {
                throw ConfigurationError("mini_apps.public_key is no Ed25519 key in hexadecimal digits: \(error)")
            }
        }
    }
}
