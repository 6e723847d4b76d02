import Cryptography

/// The seal of a ledger transaction in the journal: it covers the ledger transaction and, through the seal before it,
/// everything that was booked earlier, so that a changed, missing or inserted row is found.
///
/// `SHA-256(seal before it ‖ canonical encoding)`; the first one follows 32 zero bytes.
public struct JournalSeal: Hashable, Sendable {
    /// What the first ledger transaction follows.
    public static let start = Self(bytes: [UInt8](repeating: 0, count: 32))

    /// The 32 bytes.
    public let bytes: [UInt8]

    /// A seal as it was stored.
    public init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The seal of what is booked next.
    public func following(with transaction: LedgerTransaction) -> Self {
        Self(bytes: SHA256.hash(bytes + transaction.canonicalEncoding))
    }
}
