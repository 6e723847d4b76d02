package import Payments
package import Seams

/// An event, as it is sent to the merchant.
package struct EventRecord: Hashable, Sendable {
    /// Its identifier, which is the same in all delivery attempts.
    package let id: EventID
    /// The merchant who receives it.
    package let merchant: MerchantID
    /// The type of event, for example `invoice.settled`.
    package let type: String
    /// Its subject: the identifier of an invoice, a payment, a transfer or a case.
    package let subject: String
    /// The body that every receiver is sent, byte for byte.
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
