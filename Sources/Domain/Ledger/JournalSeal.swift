import Money
import Seams

/// The seal of a ledger transaction in the journal: it covers the ledger transaction and, through the seal before it,
/// everything that was booked earlier, so that a changed, missing or inserted row is found.
///
/// It is `hash(seal before it ‖ canonical encoding)`. The hash function of 32 bytes is passed in by the code that keeps
/// the journal, because the ledger is pure. The first seal of a book follows the book's number.
package struct JournalSeal: Hashable, Sendable {
    /// A hash function whose digests have 32 bytes.
    package typealias Hash = @Sendable ([UInt8]) -> [UInt8]

    /// The start of a book's seals: the book's number, as 32 big-endian bytes.
    package static func start(of book: LedgerBook) -> Self {
        let number = UInt64(bitPattern: book.number)
        let low = (0..<8).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
        return Self(bytes: [UInt8](repeating: 0, count: 24) + low)
    }

    /// The 32 bytes.
    package let bytes: [UInt8]

    /// A seal as it was stored.
    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The seal of the next ledger transaction.
    package func following(with transaction: LedgerTransaction, hash: Hash) -> Self {
        Self(bytes: hash(bytes + transaction.canonicalEncoding))
    }
}

extension LedgerTransaction {
    /// The bytes that the journal's seal is computed over: the same for equal values, different for different ones.
    ///
    /// Each field is its length as eight big-endian bytes and its bytes, so that the encoding is unambiguous. The
    /// fields are identifier, kind, kind and key of the subject, merchant, rail and provider (empty where there is
    /// none), both moments in microseconds, the identifier of the reversed one (empty where there is none), the number
    /// of postings, and for each one account, asset and units.
    package var canonicalEncoding: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        func append(_ text: String) {
            withUnsafeBytes(of: UInt64(text.utf8.count).bigEndian) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: text.utf8)
        }
        append(id.text)
        append(kind.rawValue)
        append(subject.kind.rawValue)
        append(subject.key)
        append(origin.merchant ?? "")
        append(origin.rail ?? "")
        append(origin.provider ?? "")
        append(String(occurredAt.microseconds))
        append(String(postedAt.microseconds))
        append(reverses?.text ?? "")
        append(String(postings.count))
        for posting in postings {
            append(posting.account.text)
            append(posting.amount.asset.text)
            append(posting.amount.units.description)
        }
        return bytes
    }
}
