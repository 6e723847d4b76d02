package import Payments
package import Seams

/// Something that happened, as it is told to the merchant.
package struct EventRecord: Hashable, Sendable {
    /// Its identifier, which stays the same over all attempts to tell it.
    package let id: EventID
    /// Who is told.
    package let merchant: MerchantID
    /// What happened, for example `invoice.settled`.
    package let type: String
    /// What it is about: the identifier of an invoice, a payment, a transfer or a case.
    package let subject: String
    /// What everybody is sent who is told of it, byte for byte.
    package let body: String
    /// When it happened.
    package let createdAt: Timestamp

    /// An event.
    package init(id: EventID, merchant: MerchantID, type: String, subject: String, body: String, createdAt: Timestamp) {
        self.id = id
        self.merchant = merchant
        self.type = type
        self.subject = subject
        self.body = body
        self.createdAt = createdAt
    }
}
