public import Money
public import Seams

/// Identifies a ledger transaction.
public enum LedgerTransactionKind: IdentifierKind {
    /// The prefix `ltx`.
    public static let prefix = "ltx"
}

/// One line of a ledger transaction: debits are positive, credits negative.
public struct Posting: Hashable, Sendable {
    /// The account.
    public let account: AccountID
    /// How much; a debit is positive.
    public let amount: Amount

    /// A line of a ledger transaction.
    public init(account: AccountID, amount: Amount) {
        self.account = account
        self.amount = amount
    }
}

/// A balanced set of postings: money moves between accounts, and none appears or vanishes.
///
/// It is never changed once it is stored; a mistake is put right by another one.
public struct LedgerTransaction: Hashable, Sendable {
    /// What happened, for example `invoice_settled`.
    public struct Kind: RawRepresentable, Hashable, Sendable {
        /// The name.
        public let rawValue: String
        /// The kind with a name.
        public init(_ rawValue: String) { self.rawValue = rawValue }
        /// The kind with a name.
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    /// The most postings of one.
    public static let maximumPostings = 1_000

    /// The identifier.
    public let id: Identifier<LedgerTransactionKind>
    /// What happened.
    public let kind: Kind
    /// When it happened, by the clock of where it happened.
    public let occurredAt: Timestamp
    /// What it is about: the identifier of a payment, a refund, a payout, or a natural key.
    public let subject: String
    /// The postings, in the order in which they were made.
    public let postings: [Posting]
    /// The ledger transaction that this one undoes, which is undone once; none when it undoes none.
    public let reverses: Identifier<LedgerTransactionKind>?

    /// A ledger transaction, as it happens or as it was stored.
    ///
    /// - Throws: ``LedgerError`` when the postings of an asset do not sum to zero, one of them is zero, or there are none
    ///   or too many.
    public init(
        id: Identifier<LedgerTransactionKind>,
        kind: Kind,
        occurredAt: Timestamp,
        subject: String,
        postings: [Posting],
        reverses: Identifier<LedgerTransactionKind>? = nil
    ) throws(LedgerError) {
        guard !postings.isEmpty else { throw LedgerError(.empty, "a ledger transaction has postings") }
        guard postings.count <= Self.maximumPostings else {
            throw LedgerError(.tooManyPostings, "at most \(Self.maximumPostings) postings")
        }
        guard postings.allSatisfy({ !$0.amount.isZero }) else {
            throw LedgerError(.zeroPosting, "a posting of nothing says nothing")
        }
        var sums: [(asset: AssetID, sum: Amount)] = []
        for posting in postings {
            do {
                if let index = sums.firstIndex(where: { $0.asset == posting.amount.asset }) {
                    sums[index].sum = try sums[index].sum.adding(posting.amount)
                } else {
                    sums.append((posting.amount.asset, posting.amount))
                }
            } catch { throw LedgerError(.amount, error.reason) }
        }
        if let wrong = sums.first(where: { !$0.sum.isZero }) {
            throw LedgerError(.unbalanced, "the postings in \(wrong.asset) do not sum to zero")
        }
        self.id = id
        self.kind = kind
        self.occurredAt = occurredAt
        self.subject = subject
        self.postings = postings
        self.reverses = reverses
    }

    /// The ledger transaction that undoes another one: the same subject and the same accounts, each amount negated.
    ///
    /// The one operation of undoing, whatever the reason; `kind` says it. What should be where the other one has put
    /// it only in part, or somewhere else, is a further ledger transaction.
    ///
    /// - Throws: ``LedgerError`` with ``LedgerError/Code/amount`` when an amount has no negative.
    public static func reversing(
        _ booked: LedgerTransaction,
        id: Identifier<LedgerTransactionKind>,
        kind: Kind,
        occurredAt: Timestamp
    ) throws(LedgerError) -> LedgerTransaction {
        var postings: [Posting] = []
        for posting in booked.postings {
            do throws(MoneyError) {
                postings.append(Posting(account: posting.account, amount: try posting.amount.negated()))
            } catch { throw LedgerError(.amount, error.reason) }
        }
        return try LedgerTransaction(
            id: id,
            kind: kind,
            occurredAt: occurredAt,
            subject: booked.subject,
            postings: postings,
            reverses: booked.id
        )
    }

    /// The bytes that the journal's seal is computed over: the same for equal values, different for different ones.
    ///
    /// Each field is its length as eight big-endian bytes and its bytes, so that no two lists of fields run together:
    /// identifier, kind, microseconds, subject, the number of postings, and for each one account, asset and units; then,
    /// where there is one, the identifier of what it undoes.
    public var canonicalEncoding: [UInt8] {
        var bytes: [UInt8] = []
        func append(_ text: String) {
            withUnsafeBytes(of: UInt64(text.utf8.count).bigEndian) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: text.utf8)
        }
        append(id.text)
        append(kind.rawValue)
        append(String(occurredAt.microseconds))
        append(subject)
        append(String(postings.count))
        for posting in postings {
            append(posting.account.text)
            append(posting.amount.asset.text)
            append(posting.amount.units.description)
        }
        if let reverses { append(reverses.text) }
        return bytes
    }
}

extension Sequence<LedgerTransaction> {
    /// Those that hold: neither undone by another one of the sequence nor there to undo one.
    public var standing: [LedgerTransaction] {
        let undone = Set(compactMap(\.reverses))
        return filter { $0.reverses == nil && !undone.contains($0.id) }
    }
}
