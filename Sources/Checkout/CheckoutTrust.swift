public import Cryptography

/// Whose init data shows who a customer is.
public struct CheckoutTrust: Sendable {
    /// Telegram's key for third parties (Bot API, "Validating data for Third-Party Use").
    public struct ThirdParties: Sendable {
        /// The bots whose Mini Apps customers come from, by their numbers; the gateway has no tokens of them.
        public let bots: [Int64]
        /// The key with which Telegram signs for others.
        public let key: Ed25519.PublicKey

        /// Telegram's key, and the bots that it is believed about.
        public init(bots: [Int64], key: Ed25519.PublicKey) {
            self.bots = bots
            self.key = key
        }

        /// The key of Telegram's production environment, in hexadecimal digits.
        public static let productionKey = "e7bf03a2fa4602af4580703d88dda5bb59f32ed8b02a56c187fe7d34caed242d"
        /// The key of Telegram's test environment, in hexadecimal digits.
        public static let testKey = "40055058a4ee38156a06562e52eece92a771bcd8346a8c4615cb7376eddf72ec"
    }

    /// The tokens of the bots that the gateway speaks for.
    let tokens: @Sendable () -> [SecretBytes]
    /// Bots that it does not speak for; none when there are none.
    let thirdParties: ThirdParties?

    /// Trust in what one of the tokens, or Telegram for one of the other bots, has signed.
    public init(tokens: @escaping @Sendable () -> [SecretBytes], thirdParties: ThirdParties? = nil) {
        self.tokens = tokens
        self.thirdParties = thirdParties
    }
}
