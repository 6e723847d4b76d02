package import Providers
import StrictJSON
import TelegramBot

extension TelegramStarsProvider: SubscriptionKeeping {
    /// Tells Telegram to stop taking payments, or to take them again (Bot API, `editUserStarSubscription`).
    ///
    /// - Throws: `ProviderError`.
    package func setRenewal(of charge: String, to isRenewed: Bool) async throws(ProviderError) {
        let parts = charge.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let user = Int64(parts[0]) else {
            throw ProviderError(.refused, "a subscription is known by its user and its first charge")
        }
        let request: JSONValue = [
            "user_id": .integer(user), "telegram_payment_charge_id": .string(String(parts[1])),
            "is_canceled": .bool(!isRenewed),
        ]
        do { try await channel.client.call("editUserStarSubscription", request) } catch { throw ProviderError(error) }
    }
}
