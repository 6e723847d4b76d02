package import Money
package import Payments
package import Seams

/// The payments of a merchant that are wanted; nil chooses all.
package struct PaymentFilter: Hashable, Sendable {
    /// The invoice.
    package var invoice: InvoiceID?
    /// The rail.
    package var rail: Rail?
    /// The provider's key.
    package var provider: String?
    /// The asset that was paid.
    package var asset: AssetID?
    /// Whether it stands, or the rail took it back.
    package var state: Payment.State?
    /// The part that it plays for its invoice.
    package var classification: Payment.Classification?
    /// The payer, as the rail names it.
    package var payer: String?
    /// From when on they happened.
    package var occurredFrom: Timestamp?
    /// Before when they happened.
    package var occurredUntil: Timestamp?

    /// All payments.
    package init() {}
}

/// The refunds or payouts of a merchant that are wanted; nil chooses all.
package struct OutgoingFilter: Hashable, Sendable {
    /// The payment that a refund returns.
    package var payment: PaymentID?
    /// The provider's key.
    package var provider: String?
    /// The asset.
    package var asset: AssetID?
    /// Where they stand.
    package var state: PayoutStateMachine.State?
    /// Where they go.
    package var destination: String?
    /// From when on they were asked for.
    package var createdFrom: Timestamp?
    /// Before when they were asked for.
    package var createdUntil: Timestamp?

    /// All refunds or payouts.
    package init() {}
}
