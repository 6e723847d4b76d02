package import Money
package import Payments
import Providers
package import Seams
import Storage

/// A merchant's request to sell paid media in a chat.
package struct MediaRequest: Sendable {
    /// The chat: a number, or `@` and a channel's name.
    package var chat: String
    /// The name of what is sold, 1 to 32 characters.
    package var title: String
    /// The text below it, 1 to 255 characters.
    package var summary: String
    /// What it costs.
    package var price: Amount
    /// The pictures and videos.
    package var items: [PaidMedia.Item]
    /// The merchant's own labels.
    package var metadata: Labels

    /// A request to sell paid media.
    package init(
        chat: String,
        title: String,
        summary: String,
        price: Amount,
        items: [PaidMedia.Item],
        metadata: Labels
    ) {
        self.chat = chat
        self.title = title
        self.summary = summary
        self.price = price
        self.items = items
        self.metadata = metadata
    }
}

extension Settlement {
    /// Puts paid media into a chat.
    ///
    /// They are stored first, because customers may buy them before Telegram has answered; when Telegram refuses them,
    /// they are deleted. A repeated call with the same identifier continues where a crash or a failure left off; when
    /// it is unknown whether the message was sent, it is sent once more.
    ///
    /// - Throws: ``SettlementError``.
    /// - Returns: the media.
    package func sellMedia(
        _ request: MediaRequest,
        for merchant: MerchantID,
        id: PaidMediaID
    ) async throws -> PaidMedia {
        let seller = providers.providers(for: merchant).first { provider in
            provider.media != nil && provider.capabilities.assets.contains(request.price.asset)
        }
        guard let seller, let port = seller.media else {
            throw SettlementError(.unsupported, "media are paid in Stars (telegram:XTR)", parameter: "asset")
        }
        try validate(request)
        let media = PaidMedia(
            id: id,
            merchant: merchant,
            provider: seller.key,
            chat: request.chat,
            title: request.title,
            summary: request.summary,
            price: request.price,
            items: request.items,
            metadata: request.metadata,
            createdAt: clock.now()
        )
        let (stored, isNew) = try await write(for: merchant) { session -> (PaidMedia, Bool) in
            if let stored = try session.paidMedia(id) { return (stored, false) }
            try session.insert(media)
            return (media, true)
        }
        guard stored.message == nil else { return stored }
        switch await port.send(stored) {
        case .sent(let message):
            var sent = stored
            sent.message = message
            try await write(for: merchant) { try $0.setMessage(message, of: id) }
            return sent
        case .notSent(let error):
            // Customers may see the message of an earlier try: their payments have to find the media.
            if isNew { try await write(for: merchant) { try $0.deleteUnsent(id) } }
            throw SettlementError(error)
        case .unknown(let error): throw SettlementError(error)
        }
    }

    private func validate(_ request: MediaRequest) throws(SettlementError) {
        func check(_ condition: Bool, _ reason: String, _ parameter: String) throws(SettlementError) {
            guard condition else { throw SettlementError(.invalidRequest, reason, parameter: parameter) }
        }
        try check((1...32).contains(request.title.unicodeScalars.count), "title has 1 to 32 characters", "title")
        try check(
            (1...255).contains(request.summary.unicodeScalars.count),
            "description has 1 to 255 characters",
            "description"
        )
        try check(VisibleText.isVisible(request.title), "title needs a visible character", "title")
        try check(
            VisibleText.isVisible(request.summary),
            "description needs a visible character",
            "description"
        )
        try check(TelegramChat.isValid(request.chat), "chat is a number, or @ and a channel's name", "chat")
        try check(request.metadata.count <= 50, "metadata has at most 50 keys", "metadata")
        try check((1...10).contains(request.items.count), "1 to 10 pictures and videos are sold together", "media")
        try check(
            request.items.allSatisfy { Self.isMedia($0.media) },
            "a picture or video is an https URL or a file_id, of at most 2048 bytes",
            "media"
        )
        try check(request.price.isPositive, "amount has to be more than zero", "amount")
    }

    /// Whether a text is an https URL or a `file_id` of Telegram's.
    ///
    /// A self-hosted Bot API server also takes `file:` addresses, and would put any file that it can read into the
    /// merchant's chat.
    private static func isMedia(_ text: String) -> Bool {
        if text.hasPrefix("https://") { return WebAddress.isValid(text) }
        return (1...2_048).contains(text.utf8.count) && text.utf8.allSatisfy(isOfFileID)
    }

    private static func isOfFileID(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
