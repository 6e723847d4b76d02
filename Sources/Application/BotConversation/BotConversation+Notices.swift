import Money
import Payments
import Records
package import Seams
import Storage
import StrictJSON
import TelegramBot

/// The notices that bots send to customers: that a payment has arrived, and that it was returned.
extension BotConversation {
    /// The most notices that are sent in one pass.
    static let passLimit = 20
    /// When a notice is tried again after a failure.
    static let pause = Duration.seconds(30)

    /// The outcome of a notice, and after which time it is tried again; nil when it is done.
    typealias Outcome = (words: String, later: Duration?)

    /// Sends notices one after the other, and stores the outcome of each.
    func tellEach<Notice: Sendable>(
        _ due: [Notice],
        at now: Timestamp,
        by tell: (Notice) async throws -> Outcome,
        finish: @escaping @Sendable (Notice, String, any SQLSession) throws -> Void,
        postpone: @escaping @Sendable (Notice, Timestamp, String, any SQLSession) throws -> Void
    ) async throws {
        for notice in due {
            let (words, later) = try await tell(notice)
            try await database.write { session in
                guard let later else { return try finish(notice, words, session) }
                try postpone(notice, now.advanced(by: later), words, session)
            }
        }
    }

    /// Sends the notices that are due: each once, and a second time only after a crash before the outcome is stored.
    ///
    /// - Parameter now: the moment of the pass.
    /// - Throws: what the database throws.
    package func tellCustomers(at now: Timestamp) async throws {
        try await tellEach(
            database.read { try $0.dueNotices(at: now, limit: Self.passLimit) },
            at: now,
            by: tell,
            finish: { try $2.finishNotice($0.subject, outcome: $1, at: now) },
            postpone: { try $3.postponeNotice($0.subject, until: $1, reason: $2) }
        )
    }

    private func tell(_ notice: CustomerNotice) async throws -> Outcome {
        guard let bot = bot(notice.source), bot.sendsReceipts else { return ("this bot tells nothing", nil) }
        guard let message = try await message(about: notice) else { return ("nobody to tell", nil) }
        do throws(TelegramError) {
            try await bot.client.call(
                "sendMessage",
                ["chat_id": .integer(message.chat), "text": .string(message.text)]
            )
            return ("told", nil)
        } catch {
            // A customer who has blocked the bot wants no message.
            return error.code == .refused ? (error.reason, nil) : (error.reason, error.retryAfter ?? Self.pause)
        }
    }

    private func message(about notice: CustomerNotice) async throws -> (chat: Int64, text: String)? {
        let assets = assets
        return try await database.read { session in
            guard let payment = try session.payment(notice.payment), let chat = payment.payer.flatMap({ Int64($0) })
            else { return nil }
            let refund = try session.outgoing(notice.subject)
            let evidence = try? JSONValue(parsing: Array(payment.evidence.utf8))
            let text = NoticeText(
                topic: refund == nil ? .received(payment.classification) : .returned,
                amount: try Self.text(refund?.amount ?? payment.amount, assets),
                title: try payment.invoice.flatMap(session.invoice)?.title,
                charge: payment.railReference ?? payment.naturalKey.text,
                isRussian: evidence?["language_code"]?.stringValue?.lowercased().hasPrefix("ru") ?? false
            )
            return (chat, text.text)
        }
    }
}
