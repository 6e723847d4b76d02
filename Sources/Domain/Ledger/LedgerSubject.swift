/// What a ledger transaction is about.
public struct LedgerSubject: Hashable, Sendable, CustomStringConvertible {
    /// The kind of thing.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case payment
        case refund
        case payout
        /// A change of a provider's account that is no payment.
        case movement
    }

    /// The kind of thing.
    public let kind: Kind
    /// The identifier of the payment, refund or payout; the natural key of a movement.
    public let key: String

    /// What a ledger transaction is about.
    public init(_ kind: Kind, _ key: String) {
        self.kind = kind
        self.key = key
    }

    /// The key.
    public var description: String { key }
}

/// Whose money a ledger transaction moves, and by which rail it came or goes; nil where there is none or it is not known.
public struct LedgerOrigin: Hashable, Sendable {
    /// The merchant's identifier; nil when the money is no merchant's.
    public let merchant: String?
    /// The rail, for example `ton`.
    public let rail: String?
    /// The provider's key.
    public let provider: String?

    /// Whose money is moved, and by which rail.
    public init(merchant: String? = nil, rail: String? = nil, provider: String? = nil) {
        self.merchant = merchant
        self.rail = rail
        self.provider = provider
    }
}
