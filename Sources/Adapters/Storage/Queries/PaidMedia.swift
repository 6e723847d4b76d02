import Money
package import Payments
package import Records
import Seams
import StrictJSON

/// Paid media.
extension SQLSession {
    private static var paidMediaColumns: String {
        """
        p.id, p.merchant, p.provider, p.chat, p.title, p.summary, p.asset, p.price, p.items, p.metadata, p.created_at,
        p.message
        """
    }

    /// Stores new paid media.
    package func insert(_ media: PaidMedia) throws {
        let items = JSONValue.array(
            media.items.map { ["type": .string($0.kind.rawValue), "media": .string($0.media)] }
        )
        try execute(
            """
            INSERT INTO paid_media (book, id, merchant, provider, chat, title, summary, asset, price, items, metadata,
            created_at) VALUES ($12, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            [
                .id(media.id), .id(media.merchant), .text(media.provider), .text(media.chat), .text(media.title),
                .text(media.summary), .asset(media.price), .units(media.price), .text(items.text),
                .text(JSONValue.object(from: media.metadata).text), .moment(media.createdAt),
                try place(of: media.merchant),
            ]
        )
    }

    /// Stores the number of the message that sells paid media.
    package func setMessage(_ message: Int64, of media: PaidMediaID) throws {
        try execute(
            "UPDATE paid_media SET message = $1 WHERE \(within()) AND id = $2",
            [.integer(message), .id(media)]
        )
    }

    /// Deletes paid media that were not sent.
    package func deleteUnsent(_ media: PaidMediaID) throws {
        try execute("DELETE FROM paid_media WHERE \(within()) AND id = $1 AND message IS NULL", [.id(media)])
    }

    /// Paid media by their identifier.
    package func paidMedia(_ id: PaidMediaID) throws -> PaidMedia? {
        try first("SELECT \(Self.paidMediaColumns) FROM paid_media p WHERE \(within("p")) AND p.id = $1", [.id(id)]) {
            try $0.paidMedia()
        }
    }

    /// Paid media that are sold by a provider.
    package func paidMedia(_ id: PaidMediaID, at provider: String) throws -> PaidMedia? {
        try first(
            "SELECT \(Self.paidMediaColumns) FROM paid_media p WHERE \(within("p")) AND p.id = $1 AND p.provider = $2",
            [.id(id), .text(provider)]
        ) { try $0.paidMedia() }
    }

    /// The paid media that a reference names, when another provider than the one that it came by sells them.
    package func paidMedia(_ reference: PaymentReference, elsewhereThan provider: String) throws -> ForeignOption? {
        guard reference.scope == PaidMedia.referenceScope, let id = try? PaidMediaID(reference.value),
            let media = try paidMedia(id), media.provider != provider
        else { return nil }
        return ForeignOption(
            provider: media.provider,
            merchant: media.merchant,
            object: id.text,
            asset: media.price.asset
        )
    }

    /// A merchant's paid media, the newest first.
    package func paidMedia(of merchant: MerchantID, in page: Page) throws -> [PaidMedia] {
        let filter = try owned(by: merchant, in: "p")
        return try list(
            Self.paidMediaColumns,
            from: "paid_media p",
            id: "p.id",
            of: PaidMediaKind.self,
            filter,
            in: page
        ) {
            try $0.paidMedia()
        }
    }

    /// How often paid media were bought.
    package func purchases(of media: PaidMediaID) throws -> Int {
        try first(
            """
            SELECT COUNT(*) FROM invoices i WHERE \(within("i")) AND i.paid_media = $1
            AND i.state = \(InvoiceStateMachine.State.settled.code)
            """,
            [.id(media)]
        ) { try $0.int() } ?? 0
    }
}

extension SQLRow {
    fileprivate mutating func paidMedia() throws -> PaidMedia {
        let (id, merchant): (PaidMediaID, MerchantID) = (try self.id(), try self.id())
        let (provider, chat, title, summary) = (try text(), try text(), try text(), try text())
        let price = try amount()
        let items = try JSONValue(parsing: Array(try text().utf8)).arrayValue ?? []
        return PaidMedia(
            id: id,
            merchant: merchant,
            provider: provider,
            chat: chat,
            title: title,
            summary: summary,
            price: price,
            items: items.compactMap { item in
                PaidMedia.Item.Kind(rawValue: item["type"]?.stringValue ?? "").map {
                    PaidMedia.Item(kind: $0, media: item["media"]?.stringValue ?? "")
                }
            },
            metadata: try Self.labels(try text()),
            createdAt: try moment(),
            message: try optionalInteger()
        )
    }
}
