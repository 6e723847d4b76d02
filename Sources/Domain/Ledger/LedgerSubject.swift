/// What a ledger transaction is about.
package struct LedgerSubject: Hashable, Sendable, CustomStringConvertible {
    /// The kind of thing.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case payment
        case refund
        case payout
        /// A change of a provider's account that is no payment.
        case movement
    }

    /// The kind of thing.
    package let kind: Kind
    /// The identifier of the payment, refund or payout; the natural key of a movement.
    package let key: String

    /// What a ledger transaction is about.
    package init(_ kind: Kind, _ key: String) {
        self.kind = kind
        self.key = key
    }

    /// The key.
    package var description: String { key }
}

/// Whose money a ledger transaction moves, and by which rail it came or goes; nil where there is none or it is not known.
package struct LedgerOrigin: Hashable, Sendable {
    /// The merchant's identifier; nil when the money is no merchant's.
    package let merchant: String?
    /// The rail, for example `ton`.
    package let rail: String?
    /// The provider's key.
    package let provider: String?

    /// Whose money is moved, and by which rail.
    package init(merchant: String? = nil, rail: String? = nil, provider: String? = nil) {
        self.merchant = merchant
        self.rail = rail
        self.provider = provider
    }
}
