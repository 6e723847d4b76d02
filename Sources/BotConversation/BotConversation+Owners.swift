import Payments
public import Seams
import Storage
import StrictJSON
import TelegramBot

/// What bots tell those who own them: that events are sent to an endpoint no longer.
extension BotConversation {
    /// The most notices that are told in one pass.
    private static let ownersPassLimit = 20
    /// When a notice is tried again after a failure.
    private static let ownersPause = Duration.seconds(30)

    /// Tells what is due; each notice once, and a second time only after a crash between telling and remembering.
    ///
    /// - Parameter now: the moment of the pass.
    /// - Throws: what the database throws.
    public func tellOwners(at now: Timestamp) async throws {
        for notice in try await database.read({ try $0.dueOwnerNotices(at: now, limit: Self.ownersPassLimit) }) {
            let (outcome, later) = await tell(notice)
            try await database.write { session in
                if let later {
                    try session.postpone(notice, until: now.advanced(by: later), reason: outcome)
                } else {
                    try session.finish(notice, outcome: outcome, at: now)
                }
            }
        }
    }

    /// What became of it, and after which time it is tried again when it is not done.
    private func tell(_ notice: OwnerNotice) async -> (outcome: String, later: Duration?) {
        let text = """
            Events are no longer sent to \(notice.url): \(notice.reason).
            Mend the server, then enable the endpoint \(notice.endpoint.text); what was not delivered can be sent again.
            """
        var outcome = "nobody to tell"
        for bot in owners(notice.merchant) {
            guard let chat = bot.ownerChat else { continue }
            do throws(TelegramError) {
                try await bot.client.call(
                    "sendMessage",
                    ["chat_id": Int64(chat).map(JSONValue.integer) ?? .string(chat), "text": .string(text)]
                )
                outcome = "told"
            } catch {
                // A chat that does not know the bot wants no message.
                guard error.code == .refused else { return (error.reason, error.retryAfter ?? Self.ownersPause) }
                outcome = error.reason
            }
        }
        return (outcome, nil)
    }
}
