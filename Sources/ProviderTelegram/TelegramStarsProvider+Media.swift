public import Payments
public import Providers
import Seams
import StrictJSON
import TelegramBot

extension TelegramStarsProvider: MediaSelling {
    /// The most Stars that paid media may cost, and the most of them in one message (Bot API, `sendPaidMedia`).
    private static let limits = (stars: Int64(25_000), items: 10)

    /// Puts paid media into their chat (Bot API, `sendPaidMedia`).
    ///
    /// - Throws: `ProviderError`.
    public func send(_ media: PaidMedia) async throws(ProviderError) -> Int64 {
        let stars = try channel.mapping.wireUnits(media.price)
        guard (1...Self.limits.stars).contains(stars), (1...Self.limits.items).contains(media.items.count) else {
            throw ProviderError(.refused, "paid media cost 1 to 25000 Stars, and are 1 to 10 in one message")
        }
        let items = media.items.map { ["type": .string($0.kind.rawValue), "media": .string($0.media)] as JSONValue }
        let chat: JSONValue = Int64(media.chat).map { .integer($0) } ?? .string(media.chat)
        let request: JSONValue = [
            "chat_id": chat, "star_count": .integer(stars), "media": .array(items), "payload": .string(media.id.text),
            "caption": .string(media.summary),
        ]
        let message: JSONValue
        do { message = try await channel.client.call("sendPaidMedia", request) } catch { throw ProviderError(error) }
        guard let number = message["message_id"]?.integerValue else {
            throw ProviderError(.malformed, "Telegram's message has no number")
        }
        return number
    }
}
