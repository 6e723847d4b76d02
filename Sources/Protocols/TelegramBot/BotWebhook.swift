import HTTPMessages
package import Seams
import StrictJSON

/// The identity of a bot (Bot API, `getMe`).
package struct BotIdentity: Hashable, Sendable {
    /// Its number.
    package let id: Int64
    /// Its name, without the `@`.
    package let username: String
}

/// The state of a bot's webhook at Telegram (Bot API, `WebhookInfo`).
package struct BotWebhook: Hashable, Sendable {
    /// The URL to which updates are sent; empty when there is no webhook.
    package let url: String
    /// Which updates are sent.
    package let allowedUpdates: Set<String>
    /// The number of updates that wait for delivery.
    package let pendingUpdates: Int64
    /// The error of the last failed delivery, if any.
    package let lastError: String?
    /// The time of the last failed delivery.
    package let lastErrorAt: Timestamp?

    /// The updates that payments need.
    package static let neededUpdates: Set<String> = [
        "message", "pre_checkout_query", "shipping_query", "purchased_paid_media", "subscription",
    ]
}

extension BotClient {
    /// The identity of the bot.
    ///
    /// - Throws: ``TelegramError``.
    package func identity() async throws(TelegramError) -> BotIdentity {
        let me = try await call("getMe")
        guard let id = me["id"]?.integerValue else { throw TelegramError(.malformed, "getMe names nobody") }
        return BotIdentity(id: id, username: me["username"]?.stringValue ?? "")
    }

    /// Registers the webhook, with all updates that payments need.
    ///
    /// - Throws: ``TelegramError``.
    package func setWebhook(url: String, secret: String) async throws(TelegramError) {
        // Without a list, Telegram would keep the previous one.
        let types = BotWebhook.neededUpdates.sorted().map(JSONValue.string)
        try await call(
            "setWebhook",
            ["url": .string(url), "secret_token": .string(secret), "allowed_updates": .array(types)]
        )
    }

    /// The state of the webhook.
    ///
    /// - Throws: ``TelegramError``.
    package func webhook() async throws(TelegramError) -> BotWebhook {
        let info = try await call("getWebhookInfo")
        return BotWebhook(
            url: info["url"]?.stringValue ?? "",
            allowedUpdates: Set((info["allowed_updates"]?.arrayValue ?? []).compactMap(\.stringValue)),
            pendingUpdates: info["pending_update_count"]?.integerValue ?? 0,
            lastError: info["last_error_message"]?.stringValue,
            lastErrorAt: info["last_error_date"]?.integerValue.map { Timestamp(seconds: $0) }
        )
    }

    /// Removes the webhook, so that updates can be polled; pending updates are kept.
    ///
    /// - Throws: ``TelegramError``.
    package func deleteWebhook() async throws(TelegramError) { try await call("deleteWebhook") }

    /// The pending updates, the oldest first; `offset` confirms all earlier ones to Telegram.
    ///
    /// Each is cut out of the answer separately, so that an unreadable one does not affect the others.
    ///
    /// - Parameters:
    ///   - offset: the number of the first one; nil for all pending ones.
    ///   - wait: how long Telegram waits for one when there is none, in whole seconds.
    /// - Throws: ``TelegramError``.
    /// - Returns: at most a hundred updates, each with its number and as Telegram wrote it.
    package func updates(
        from offset: Int64?,
        waiting wait: Int64
    ) async throws(TelegramError) -> [(number: Int64, bytes: [UInt8])] {
        let types = BotWebhook.neededUpdates.sorted().map(JSONValue.string)
        let response = try await send(
            "getUpdates",
            ["offset": .integer(offset ?? 0), "timeout": .integer(wait), "allowed_updates": .array(types)]
        )
        guard response.status == 200, let updates = JSONSlices.elements(of: "result", in: response.body) else {
            _ = try Self.result(of: response, "getUpdates")
            throw TelegramError(.malformed, "getUpdates gives a list")
        }
        return updates.compactMap { update in
            JSONSlices.integer("update_id", in: update).map { (number: $0, bytes: update) }
        }
    }
}
