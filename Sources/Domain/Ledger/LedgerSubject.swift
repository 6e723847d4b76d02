/// The subject of a ledger transaction.
package struct LedgerSubject: Hashable, Sendable, CustomStringConvertible {
    /// The kind of thing.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case payment
        case refund
        case payout
        /// A change of a provider's account that is not a payment.
        case movement
    }

    /// The kind of thing.
    package let kind: Kind
    /// The identifier of the payment, refund or payout; the natural key of a movement.
    package let key: String

    /// The subject of a ledger transaction.
    package init(_ kind: Kind, _ key: String) {
        self.kind = kind
        self.key = key
    }

    /// The key.
    package var description: String { key }
}

/// The merchant whose money a ledger transaction moves, and its rail and provider; each is nil where there is none or
/// it is unknown.
package struct LedgerOrigin: Hashable, Sendable {
    /// The merchant's identifier; nil when the money is no merchant's.
    package let merchant: String?
    /// The rail, for example `ton`.
    package let rail: String?
    /// The provider's key.
    package let provider: String?

    /// An origin.
    package init(merchant: String? = nil, rail: String? = nil, provider: String? = nil) {
        self.merchant = merchant
        self.rail = rail
        self.provider = provider
    }
}
