package import StrictJSON

/// An amount of Stars: whole ones and billionths (`StarAmount`).
package struct StarAmount: Hashable, Sendable {
    /// Whole Stars; may be negative.
    package let stars: Int64
    /// Billionths of a Star, of the same sign.
    package let nanostars: Int64

    /// An amount of Stars.
    package init(stars: Int64, nanostars: Int64) {
        self.stars = stars
        self.nanostars = nanostars
    }

    /// Reads `amount` and `nanostar_amount`.
    ///
    /// - Throws: ``TelegramError`` with ``TelegramError/Code/malformed``.
    package init(_ value: JSONValue) throws(TelegramError) {
        stars = try value.integer("amount")
        nanostars = value["nanostar_amount"] == nil ? 0 : try value.integer("nanostar_amount")
        guard (-999_999_999...999_999_999).contains(nanostars) else {
            throw TelegramError(.malformed, "'nanostar_amount' is a billionth or more")
        }
    }
}

/// One line of a bot's Star account (`StarTransaction`).
package struct StarTransaction: Hashable, Sendable {
    /// The sender or receiver of Stars.
    package enum Partner: Hashable, Sendable {
        /// A user, with the language of their app when Telegram states it, and the payload of the paid invoice, if any.
        case user(id: Int64, type: String, payload: String?, language: String?)
        /// A withdrawal through Fragment; its state is `pending`, `succeeded` or `failed`.
        case fragment(state: String)
        /// Another partner, by Telegram's name for it.
        case other(type: String)
    }

    /// Its identifier: for an incoming one, that of the charge; a refund has the same as its payment.
    package let id: String
    /// How much, without a sign.
    package let amount: StarAmount
    /// When, in seconds since 1970.
    package let date: Int64
    /// Whether the Stars were received.
    package let isIncoming: Bool
    /// The sender or receiver.
    package let partner: Partner

    /// Reads one line.
    ///
    /// - Throws: ``TelegramError`` with ``TelegramError/Code/malformed``.
    package init(_ value: JSONValue) throws(TelegramError) {
        id = try value.charge("id")
        amount = try StarAmount(value)
        date = try value.integer("date")
        isIncoming = value["source"] != nil
        guard let partner = value["source"] ?? value["receiver"] else {
            throw TelegramError(.malformed, "a star transaction has a source or a receiver")
        }
        let type = try partner.text("type")
        switch type {
        case "user":
            let user = partner["user"] ?? [:]
            self.partner = .user(
                id: try user.integer("id"),
                type: partner["transaction_type"]?.stringValue ?? "invoice_payment",
                payload: partner["invoice_payload"]?.stringValue ?? partner["paid_media_payload"]?.stringValue,
                language: user["language_code"]?.stringValue
            )
        case "fragment":
            let state = partner["withdrawal_state"]?["type"]?.stringValue ?? "refund"
            self.partner = .fragment(state: state)
        default: self.partner = .other(type: type)
        }
    }
}

extension BotClient {
    /// A page of the bot's Star account, in chronological order.
    ///
    /// - Throws: ``TelegramError``.
    package func starTransactions(offset: Int64, limit: Int64) async throws(TelegramError) -> [StarTransaction] {
        let result = try await call("getStarTransactions", ["offset": .integer(offset), "limit": .integer(limit)])
        guard let list = result["transactions"]?.arrayValue else {
            throw TelegramError(.malformed, "'transactions' is missing")
        }
        var transactions: [StarTransaction] = []
        for value in list { transactions.append(try StarTransaction(value)) }
        return transactions
    }

    /// The balance of the bot's Star account.
    ///
    /// - Throws: ``TelegramError``.
    package func starBalance() async throws(TelegramError) -> StarAmount {
        try StarAmount(try await call("getMyStarBalance"))
    }
}
