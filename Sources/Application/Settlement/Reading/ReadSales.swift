package import Payments
package import Records
import Storage

/// Queries about payment links, paid media and subscriptions.
extension Settlement {
    /// A payment link and how many pieces of it are sold or being paid; nil when there is none.
    ///
    /// - Throws: what the database throws.
    package func link(_ id: PaymentLinkID) async throws -> (link: PaymentLink, taken: Int)? {
        try await database.read { session in
            try session.paymentLink(id).map { ($0, try taken(of: id, in: session)) }
        }
    }

    /// A merchant's payment links, each with how many pieces of it are sold or being paid.
    ///
    /// - Throws: ``UnknownCursor`` when the cursor's object is not in the list, and what the database throws.
    package func links(of merchant: MerchantID, in page: Page) async throws -> [(link: PaymentLink, taken: Int)] {
        try await database.read { session in
            try session.paymentLinks(of: merchant, in: page).map { ($0, try taken(of: $0.id, in: session)) }
        }
    }

    /// Paid media of a merchant and how often they were bought; nil when there are none.
    ///
    /// - Throws: what the database throws.
    package func media(
        _ id: PaidMediaID,
        of merchant: MerchantID
    ) async throws -> (media: PaidMedia, purchases: Int)? {
        try await database.read { session in
            guard let media = try session.paidMedia(id), media.merchant == merchant else { return nil }
            return (media, try session.purchases(of: id))
        }
    }

    /// A merchant's paid media, each with how often they were bought.
    ///
    /// - Throws: ``UnknownCursor`` when the cursor's object is not in the list, and what the database throws.
    package func media(of merchant: MerchantID, in page: Page) async throws -> [(media: PaidMedia, purchases: Int)] {
        try await database.read { session in
            try session.paidMedia(of: merchant, in: page).map { ($0, try session.purchases(of: $0.id)) }
        }
    }

    /// A merchant's subscriptions, each with its first invoice.
    ///
    /// - Throws: ``UnknownCursor`` when the cursor's object is not in the list, and what the database throws.
    package func subscriptions(of merchant: MerchantID, in page: Page) async throws -> [SubscriptionWithInvoice] {
        try await database.read { session in
            try session.subscriptions(of: merchant, in: page).map { try SubscriptionWithInvoice($0, in: session) }
        }
    }
}
