import StrictJSON

/// A customer's question to a bot that takes payments (Telegram's terms for developers, section 6.2.1).
struct SupportRequest: Hashable, Sendable {
    /// What is asked.
    enum Topic: Hashable, Sendable {
        /// `/paysupport`, with the number of a charge or without.
        case payments(charge: String?)
        /// `/terms`.
        case terms
    }

    /// What is asked.
    let topic: Topic
    /// Where the answer goes.
    let chat: Int64
    /// Who asks.
    let user: Int64
    /// The language of the customer's app (IETF tag), when Telegram says it.
    let language: String?

    /// The longest number of a charge that is looked for.
    private static let chargeLimit = 256

    /// The request in an update; nil when the update is something else.
    ///
    /// Groups are not answered: a payment is between two.
    init?(_ update: JSONValue) {
        guard let message = update["message"], let text = message["text"]?.stringValue,
            message["chat"]?["type"]?.stringValue == "private",
            let chat = message["chat"]?["id"]?.integerValue, let user = message["from"]?["id"]?.integerValue
        else { return nil }
        let words = text.split(maxSplits: 1) { $0 == " " || $0 == "\n" }
        // A command may name its bot: /paysupport@shop_bot.
        switch words.first?.prefix(while: { $0 != "@" }) {
        case "/paysupport":
            let charge = words.count == 2 ? words[1].filter { !$0.isWhitespace } : ""
            topic = .payments(charge: (1...Self.chargeLimit).contains(charge.utf8.count) ? charge : nil)
        case "/terms": topic = .terms
        default: return nil
        }
        self.chat = chat
        self.user = user
        language = message["from"]?["language_code"]?.stringValue
    }
}
