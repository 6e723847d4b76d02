import Payments
package import Seams
import Storage
import StrictJSON
import TelegramBot

/// The notices that bots send to their owners: that an endpoint was disabled.
extension BotConversation {
    /// Sends the notices that are due: each once, and a second time only after a crash before the outcome is stored.
    ///
    /// - Parameter now: the moment of the pass.
    /// - Throws: what the database throws.
    package func tellOwners(at now: Timestamp) async throws {
        try await tellEach(
            database.read { try $0.dueOwnerNotices(at: now, limit: Self.passLimit) },
            at: now,
            by: tell,
            finish: { try $2.finish($0, outcome: $1, at: now) },
            postpone: { try $3.postpone($0, until: $1, reason: $2) }
        )
    }

    private func tell(_ notice: OwnerNotice) async -> Outcome {
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
                // A chat that refuses the bot wants no message.
                guard error.code == .refused else { return (error.reason, error.retryAfter ?? Self.pause) }
                outcome = error.reason
            }
        }
        return (outcome, nil)
    }
}
