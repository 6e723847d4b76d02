package import Money
package import Seams

/// Pictures and videos in a chat that everybody there can buy: each purchase is paid by an invoice of its own.
package struct PaidMedia: Hashable, Sendable {
    /// One picture or video.
    package struct Item: Hashable, Sendable {
        /// The kind of item.
        package enum Kind: String, Hashable, Sendable, CaseIterable {
            case photo
            case video
        }

        /// The kind of item.
        package let kind: Kind
        /// Its source for Telegram: an https URL, or the `file_id` of a file that Telegram has already.
        package let media: String

        /// A picture or a video.
        package init(kind: Kind, media: String) {
            self.kind = kind
            self.media = media
        }
    }

    /// The identifier.
    package let id: PaidMediaID
    /// Who sells.
    package let merchant: MerchantID
    /// The provider that sells it, by its key in the registry.
    package let provider: String
    /// The chat: a number, or `@` and a channel's name.
    package let chat: String
    /// The name of what is sold, 1 to 32 characters.
    package let title: String
    /// The text below it, at most 255 characters.
    package let summary: String
    /// The price.
    package let price: Amount
    /// The pictures and videos.
    package let items: [Item]
    /// The merchant's own labels.
    package let metadata: Labels
    /// When it was made.
    package let createdAt: Timestamp
    /// The message's number in the chat; nil before Telegram has accepted it.
    package var message: Int64?

    /// Paid media as they were made or stored.
    package init(
        id: PaidMediaID,
        merchant: MerchantID,
        provider: String,
        chat: String,
        title: String,
        summary: String,
        price: Amount,
        items: [Item],
        metadata: Labels,
        createdAt: Timestamp,
        message: Int64? = nil
    ) {
        self.id = id
        self.merchant = merchant
        self.provider = provider
        self.chat = chat
        self.title = title
        self.summary = summary
        self.price = price
        self.items = items
        self.metadata = metadata
        self.createdAt = createdAt
        self.message = message
    }

    /// The namespace of the references of purchases, whose value is the identifier.
    package static let referenceScope = "paid_media"

    /// The link to the message, for people who may see the chat.
    package var link: String {
        let number = message.map { "/\($0)" } ?? ""
        if chat.hasPrefix("@") { return "https://t.me/\(chat.dropFirst())\(number)" }
        if chat.hasPrefix("-100") { return "https://t.me/c/\(chat.dropFirst(4))\(number)" }
        return "tg://user?id=\(chat)"
    }
}
