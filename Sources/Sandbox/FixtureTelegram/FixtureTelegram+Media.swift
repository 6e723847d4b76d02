import Seams
import StrictJSON
import Synchronization

/// Media that bots sell in chats.
extension FixtureTelegram {
    func sendPaidMedia(_ call: BotCall) throws(BadRequest) -> JSONValue {
        let now = clock.now()
        guard let chat = call.text("chat_id"), !chat.isEmpty else { throw BadRequest("chat_id is empty") }
        guard let stars = call.integer("star_count"), (1...25_000).contains(stars) else {
            throw BadRequest("STARS_AMOUNT_INVALID")
        }
        let items = call.json("media")?.arrayValue ?? []
        let areKnown = items.allSatisfy { item in
            ["photo", "video"].contains(item["type"]?.stringValue ?? "") && item["media"]?.stringValue != nil
        }
        guard (1...10).contains(items.count), areKnown else { throw BadRequest("MEDIA_INVALID") }
        let payload = call.text("payload") ?? ""
        guard payload.utf8.count <= 128 else { throw BadRequest("PAYLOAD_INVALID") }
        return state.withLock { state in
            let number = state.next()
            state.media[number] = TelegramState.Media(bot: call.token, chat: chat, stars: stars, payload: payload)
            return [
                "message_id": .integer(number), "date": .integer(now.seconds),
                "chat": state.chatJSON(call.integer("chat_id") ?? 0),
                "paid_media": ["star_count": .integer(stars), "paid_media": .array([])],
            ]
        }
    }

    /// A user buys the media of a message; the bot gets an update.
    ///
    /// - Parameters:
    ///   - message: the message's number.
    ///   - user: the buyer, by name.
    /// - Returns: the charge's identifier; nil when there is no such message.
    package func buyMedia(_ message: Int64, by user: String) -> String? {
        let now = clock.now()
        return state.withLock { state in
            guard let media = state.media[message] else { return nil }
            let buyer = state.user(user)
            let id = "stx_\(state.next())_\(buyer)"
            state.charges[id] = TelegramState.Charge(
                bot: media.bot,
                user: buyer,
                currency: "XTR",
                amount: media.stars,
                payload: media.payload
            )
            state.bots[media.bot]?.stars += media.stars
            let partner: JSONValue = [
                "type": "user", "transaction_type": "paid_media_payment", "user": state.userJSON(buyer),
                "paid_media_payload": .string(media.payload),
            ]
            state.append(id, media.stars, to: media.bot, partner: partner, isIncoming: true, at: now)
            let update: JSONValue = ["from": state.userJSON(buyer), "paid_media_payload": .string(media.payload)]
            state.enqueue("purchased_paid_media", update, to: media.bot, at: now)
            return id
        }
    }
}
