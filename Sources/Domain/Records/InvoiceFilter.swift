package import Payments
package import Seams

/// A filter for the invoices of a merchant; criteria that are nil match everything.
package struct InvoiceFilter: Hashable, Sendable {
    /// Where they stand.
    package var state: InvoiceStateMachine.State?
    /// The merchant's own number.
    package var reference: String?
    /// The subscription of which they pay periods.
    package var subscription: SubscriptionID?
    /// The media that they pay for.
    package var paidMedia: PaidMediaID?
    /// From when on they were opened.
    package var createdFrom: Timestamp?
    /// Before when they were opened.
    package var createdUntil: Timestamp?

    /// A filter.
    package init(
        state: InvoiceStateMachine.State? = nil,
        reference: String? = nil,
        subscription: SubscriptionID? = nil,
        paidMedia: PaidMediaID? = nil
    ) {
        self.state = state
        self.reference = reference
        self.subscription = subscription
        self.paidMedia = paidMedia
    }
}
