package import Money
package import Payments
package import Seams

/// A payment of an option that was seen and can still be undone, as it was stored.
package struct StoredSighting: Hashable, Sendable {
    /// Its natural key, the same as when it is final.
    package let naturalKey: NaturalKey
    /// The option that it pays.
    package let option: PaymentOptionID
    /// The invoice that it pays.
    package let invoice: InvoiceID
    /// How much was seen.
    package let amount: Amount
    /// Who pays, in the rail's own words.
    package let payer: String?
    /// The number of blocks that contain it or build on it.
    package var confirmations: Int
    /// The number of confirmations at which it counts as final.
    package var required: Int
    /// When it happened, by the rail's clock.
    package let occurredAt: Timestamp

    /// A sighting.
    package init(
        naturalKey: NaturalKey,
        option: PaymentOptionID,
        invoice: InvoiceID,
        amount: Amount,
        payer: String?,
        confirmations: Int,
        required: Int,
        occurredAt: Timestamp
    ) {
        self.naturalKey = naturalKey
        self.option = option
        self.invoice = invoice
        self.amount = amount
        self.payer = payer
        self.confirmations = confirmations
        self.required = required
        self.occurredAt = occurredAt
    }
}
