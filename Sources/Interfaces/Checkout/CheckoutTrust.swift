package import Cryptography
package import Payments
import Settlement

/// Whose init data identifies customers, and for which invoices.
package struct CheckoutTrust: Sendable {
    /// A bot that the gateway speaks for.
    package struct Bot: Sendable {
        /// The name of the bot in sessions: lower-case letters, digits and hyphens.
        package let key: String
        /// The bot's token, with which init data is signed.
        package let token: SecretBytes

        /// A bot by its key.
        package init(key: String, token: SecretBytes) {
            self.key = key
            self.token = token
        }
    }

    /// Telegram's key for third parties (Bot API, "Validating data for Third-Party Use").
    package struct ThirdParties: Sendable {
        /// The bots whose Mini Apps customers come from, by their numbers; the gateway has no tokens of them.
        package let bots: [Int64]
        /// The key with which Telegram signs for others.
        package let key: Ed25519.PublicKey

        /// Telegram's key, and the bots for which it is believed.
        package init(bots: [Int64], key: Ed25519.PublicKey) {
            self.bots = bots
            self.key = key
        }

        /// The key of Telegram's production environment, in hexadecimal digits.
        package static let productionKey = "e7bf03a2fa4602af4580703d88dda5bb59f32ed8b02a56c187fe7d34caed242d"
        /// The key of Telegram's test environment, in hexadecimal digits.
        package static let testKey = "40055058a4ee38156a06562e52eece92a771bcd8346a8c4615cb7376eddf72ec"
    }

    /// The signer of init data.
    package enum Signer: Hashable, Sendable {
        /// A bot that the gateway speaks for, by its key.
        case bot(String)
        /// A bot that Telegram has signed for, by its number.
        case thirdParty(Int64)

        /// The signer as a session names it; no bot's key begins with an underscore.
        var text: String {
            switch self {
            case .bot(let key): key
            case .thirdParty(let number): "_\(number)"
            }
        }

        init?(text: Substring) {
            guard text.first == "_" else {
                guard !text.isEmpty else { return nil }
                self = .bot(String(text))
                return
            }
            guard let number = Int64(text.dropFirst()) else { return nil }
            self = .thirdParty(number)
        }
    }

    /// The gateway's own bots.
    let bots: @Sendable () -> [Bot]
    /// Other bots, whose init data Telegram signs; nil when the operator has named none.
    let thirdParties: ThirdParties?
    /// Whether init data of a signer counts for a merchant, and for an invoice with these options.
    private let isServed: @Sendable (Signer, MerchantID, [PaymentOption]) -> Bool

    /// Trust in init data that was signed with the token of an own bot, or by Telegram for another bot.
    ///
    /// - Parameters:
    ///   - bots: the gateway's own bots.
    ///   - thirdParties: other bots.
    ///   - serves: whether init data of a signer counts for a merchant, and for an invoice of theirs with these
    ///     options. Anybody with a bot's token can name any user, so that it may open only what belongs to a merchant
    ///     that the bot serves.
    package init(
        bots: @escaping @Sendable () -> [Bot],
        thirdParties: ThirdParties? = nil,
        serves: @escaping @Sendable (Signer, MerchantID, [PaymentOption]) -> Bool
    ) {
        self.bots = bots
        self.thirdParties = thirdParties
        isServed = serves
    }

    /// Whether init data of a signer counts for an invoice.
    func serves(_ signer: Signer, _ invoice: InvoiceWithOptions) -> Bool {
        isServed(signer, invoice.invoice.merchant, invoice.options)
    }

    /// Whether init data of a signer counts for what a merchant sells by a link.
    func serves(_ signer: Signer, _ link: PaymentLink) -> Bool { isServed(signer, link.merchant, []) }
}
