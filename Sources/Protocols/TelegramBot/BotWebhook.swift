import HTTPMessages
package import Seams
import StrictJSON

/// Who a bot is (Bot API, `getMe`).
package struct BotIdentity: Hashable, Sendable {
    /// Its number.
    package let id: Int64
    /// Its name, without the `@`.
    package let username: String
}

/// Where a bot's updates go, as Telegram says it (Bot API, `WebhookInfo`).
package struct BotWebhook: Hashable, Sendable {
    /// Where they are sent; empty when they are not.
    package let url: String
    /// Which updates are sent.
    package let allowedUpdates: Set<String>
    /// How many wait to be taken.
    package let pendingUpdates: Int64
    /// Why the last one could not be delivered, when one could not.
    package let lastError: String?
    /// When that was.
    package let lastErrorAt: Timestamp?

    /// The updates that payments need.
    package static let neededUpdates: Set<String> = [
        "message", "pre_checkout_query", "shipping_query", "purchased_paid_media", "subscription",
    ]
}

extension BotClient {
    /// Who the bot is.
    ///
    /// - Throws: ``TelegramError``.
    package func identity() async throws(TelegramError) -> BotIdentity {
        let me = try await call("getMe")
        guard let id = me["id"]?.integerValue else { throw TelegramError(.malformed, "getMe names nobody") }
        return BotIdentity(id: id, username: me["username"]?.stringValue ?? "")
    }

    /// Registers where updates are sent, with everything that payments need.
    ///
    /// - Throws: ``TelegramError``.
    package func setWebhook(url: String, secret: String) async throws(TelegramError) {
        // Left out, Telegram would keep whatever list was set before.
        let types = BotWebhook.neededUpdates.sorted().map(JSONValue.string)
        try await call(
            "setWebhook",
            ["url": .string(url), "secret_token": .string(secret), "allowed_updates": .array(types)]
        )
    }

    /// Where the updates go.
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

    /// Stops the sending of updates, so that they can be asked for; what waits is kept.
    ///
    /// - Throws: ``TelegramError``.
    package func deleteWebhook() async throws(TelegramError) { try await call("deleteWebhook") }

    /// Updates that wait, the oldest first; asking from a number on tells Telegram that those before it are taken.
    ///
    /// Each is taken out of the answer by itself: one that cannot be read keeps none of the others.
    ///
    /// - Parameters:
    ///   - offset: the number of the first one; none: all that wait.
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
