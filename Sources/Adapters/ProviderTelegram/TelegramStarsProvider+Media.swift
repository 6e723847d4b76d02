package import Payments
package import Providers
import Seams
import StrictJSON
import TelegramBot

extension TelegramStarsProvider: MediaSelling {
    /// The most Stars that paid media may cost, and the most items in one message (Bot API, `sendPaidMedia`).
    private static let limits = (stars: Int64(25_000), items: 10)

    /// Sends paid media to their chat (Bot API, `sendPaidMedia`).
    package func send(_ media: PaidMedia) async -> MediaOutcome {
        let request: JSONValue
        do { request = try self.request(media) } catch { return .notSent(error) }
        do throws(TelegramError) {
            let message = try await channel.client.call("sendPaidMedia", request)
            guard let number = message["message_id"]?.integerValue else {
                return .unknown(ProviderError(.malformed, "Telegram's message has no number"))
            }
            return .sent(message: number)
        } catch {
            switch error.code {
            case .refused, .rateLimited, .unreachable: return .notSent(ProviderError(error))
            case .unknown, .malformed: return .unknown(ProviderError(error))
            }
        }
    }

    private func request(_ media: PaidMedia) throws(ProviderError) -> JSONValue {
        let stars = try channel.mapping.wireUnits(media.price)
        guard (1...Self.limits.stars).contains(stars), (1...Self.limits.items).contains(media.items.count) else {
            throw ProviderError(.invalidRequest, "paid media cost 1 to 25000 Stars, and are 1 to 10 in one message")
        }
        let items = media.items.map { ["type": .string($0.kind.rawValue), "media": .string($0.media)] as JSONValue }
        let chat: JSONValue = Int64(media.chat).map { .integer($0) } ?? .string(media.chat)
        return [
            "chat_id": chat, "star_count": .integer(stars), "media": .array(items), "payload": .string(media.id.text),
            "caption": .string(media.summary),
        ]
    }
}
