package import Money
package import Payments
import Records
import Seams
package import Storage
import StrictJSON
package import TelegramBot

/// Answers customers who ask a bot about their payments.
///
/// A question stays in the inbox until Telegram has taken the answer: a crash loses no question, but it may be answered
/// twice.
package struct BotConversation: Sendable {
    /// A bot, with its operator's settings.
    package struct Bot: Sendable {
        let client: BotClient
        let contact: String?
        let terms: String?
        /// The chat in which its owner is told what goes wrong; nil when there is none.
        package let ownerChat: String?
        let sendsReceipts: Bool
        /// The keys of the providers by which it takes money: it answers about no others.
        let providers: [String]
        /// The natural key of the payment of a charge.
        let paymentKey: @Sendable (String) -> NaturalKey

        /// A bot that answers.
        ///
        /// - Parameters:
        ///   - client: its calls.
        ///   - providers: the keys of the providers by which it takes, or has taken, money.
        ///   - paymentKey: the natural key under which those providers keep the payment of a charge.
        ///   - contact: whom to ask further questions.
        ///   - terms: the address of the terms.
        ///   - ownerChat: the chat in which its owner is told what goes wrong.
        ///   - sendsReceipts: whether customers are told of payments and refunds.
        package init(
            client: BotClient,
            providers: [String],
            paymentKey: @escaping @Sendable (String) -> NaturalKey,
            contact: String?,
            terms: String?,
            ownerChat: String? = nil,
            sendsReceipts: Bool = true
        ) {
            self.client = client
            self.providers = providers
            self.paymentKey = paymentKey
            self.sendsReceipts = sendsReceipts
            self.contact = contact
            self.terms = terms
            self.ownerChat = ownerChat
        }
    }

    /// How many payments are listed.
    private static let listLimit = 5

    let bot: @Sendable (_ source: String) -> Bot?
    let owners: @Sendable (_ merchant: MerchantID) -> [Bot]
    let database: any Database
    let assets: AssetRegistry

    /// Conversations of bots.
    ///
    /// - Parameters:
    ///   - bot: a bot by the source of its updates (`telegram:<key>`).
    ///   - owners: the bots in whose owners' chats a merchant is told what goes wrong.
    ///   - database: the database of payments and notices.
    ///   - assets: the assets, by which amounts are written.
    package init(
        bot: @escaping @Sendable (_ source: String) -> Bot?,
        owners: @escaping @Sendable (_ merchant: MerchantID) -> [Bot] = { _ in [] },
        database: any Database,
        assets: AssetRegistry
    ) {
        self.bot = bot
        self.owners = owners
        self.database = database
        self.assets = assets
    }

    /// Answers an update that is a question.
    ///
    /// - Throws: `TelegramError` when the answer was not taken and may be later, and what the database throws.
    /// - Returns: what was done, for the inbox; nil when the update is not a question.
    package func answer(_ body: [UInt8], from source: String) async throws -> String? {
        guard let bot = bot(source), let update = try? JSONValue(parsing: body, limits: .telegram),
            let request = SupportRequest(update)
        else { return nil }
        let text = try await text(for: request, of: bot)
        do throws(TelegramError) {
            try await bot.client.call("sendMessage", ["chat_id": .integer(request.chat), "text": .string(text)])
            return "answered a question about payments"
        } catch {
            // A customer who has blocked the bot wants no answer.
            guard error.code == .refused else { throw error }
            return "a question about payments could not be answered: \(error.reason)"
        }
    }

    private func text(for request: SupportRequest, of bot: Bot) async throws -> String {
        let reply = SupportReply(language: request.language, contact: bot.contact, terms: bot.terms)
        switch request.topic {
        case .terms: return reply.termsText
        case .payments(let charge):
            let lines = try await lines(of: request.user, charge: charge, by: bot)
            return charge == nil ? reply.latest(lines) : reply.one(lines.first)
        }
    }

    /// The customer's own payments through the bot, the latest first.
    private func lines(of user: Int64, charge: String?, by bot: Bot) async throws -> [SupportReply.Line] {
        let (assets, providers, key) = (assets, bot.providers, charge.map(bot.paymentKey))
        return try await database.read { session in
            let payments = try session.payments(
                of: "\(user)",
                key: key,
                at: providers,
                limit: Self.listLimit
            )
            return try payments.map { payment in
                let refunds = try session.refunds(of: payment.id).filter { $0.status.state == .completed }
                let returned = try Amount.sum(refunds.map(\.amount), asset: payment.amount.asset)
                let isOpen = try session.cases(of: payment.id).contains { $0.state == .open }
                return SupportReply.Line(
                    charge: payment.railReference ?? payment.naturalKey.text,
                    amount: try Self.text(payment.amount, assets),
                    moment: payment.occurredAt,
                    returned: returned.isZero ? nil : try Self.text(returned, assets),
                    isOpen: isOpen
                )
            }
        }
    }

    static func text(_ amount: Amount, _ assets: AssetRegistry) throws -> String {
        guard let asset = assets.asset(amount.asset) else { return amount.asset.text }
        return "\(try asset.text(amount)) \(asset.code)"
    }
}
