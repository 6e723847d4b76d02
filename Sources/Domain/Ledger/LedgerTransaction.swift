package import Money
package import Seams

/// Identifies a ledger transaction.
package enum LedgerTransactionKind: IdentifierKind {
    /// The prefix `ltx`.
    package static let prefix = "ltx"
}

/// One line of a ledger transaction: debits are positive, credits negative.
package struct Posting: Hashable, Sendable {
    /// The account.
    package let account: AccountID
    /// How much; a debit is positive.
    package let amount: Amount

    /// A line of a ledger transaction.
    package init(account: AccountID, amount: Amount) {
        self.account = account
        self.amount = amount
    }
}

/// A balanced set of postings: money moves between accounts, and none appears or vanishes.
///
/// It is never changed once it is stored; a mistake is corrected by another one.
package struct LedgerTransaction: Hashable, Sendable {
    /// The kind of event that is booked.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A payment arrived and waits: for the rest of its invoice, or for a decision.
        case paymentHeld = "payment_held"
        /// A payment settled an invoice: the merchant's balance and the fee.
        case invoiceSettled = "invoice_settled"
        /// An invoice expired with less than its price.
        case underpaid
        /// An account of a provider changed without a payment.
        case movement
        /// A reorganisation took a movement back.
        case movementUndone = "movement_undone"
        /// Money of a payment is set aside for a refund.
        case refundReserved = "refund_reserved"
        /// Money of a merchant is set aside for a payout.
        case payoutReserved = "payout_reserved"
        /// A refund or payout left the provider's account.
        case transferSent = "transfer_sent"
        /// A refund or payout failed or was cancelled, and its money is back.
        case transferReleased = "transfer_released"
        /// A refund or payout that had ended is under way again.
        case transferReopened = "transfer_reopened"
        /// The network charged a fee separately.
        case networkFee = "network_fee"
        /// A refund takes its money from another account, because its payment was moved.
        case refundMoved = "refund_moved"
        /// The rail took a payment back.
        case paymentOrphaned = "payment_orphaned"
        /// A person accepted the money that waited in a case.
        case caseAccepted = "case_accepted"
        /// An invoice is no longer settled.
        case settlementUndone = "settlement_undone"
        /// Money on an account of the operator is a merchant's, and moves from the operator's book to the merchant's.
        case handedOver = "handed_over"
    }

    /// The most postings of one.
    package static let maximumPostings = 1_000

    /// The identifier.
    package let id: Identifier<LedgerTransactionKind>
    /// The kind of event that is booked.
    package let kind: Kind
    /// The subject.
    package let subject: LedgerSubject
    /// The merchant whose money it is, and the rail that moved it.
    package let origin: LedgerOrigin
    /// When it happened, by the clock of where it happened.
    package let occurredAt: Timestamp
    /// When it was booked, by the gateway's clock.
    package private(set) var postedAt: Timestamp
    /// The postings, in the order in which they were made.
    package let postings: [Posting]
    /// The ledger transaction that this one reverses, which is reversed at most once; nil when it reverses none.
    package let reverses: Identifier<LedgerTransactionKind>?

    /// A ledger transaction, as it happens or as it was stored.
    ///
    /// - Throws: ``LedgerError`` when the postings of an asset do not sum to zero, one of them is zero, or there are
    ///   none or too many.
    package init(
        id: Identifier<LedgerTransactionKind>,
        kind: Kind,
        subject: LedgerSubject,
        origin: LedgerOrigin = LedgerOrigin(),
        occurredAt: Timestamp,
        postedAt: Timestamp,
        postings: [Posting],
        reverses: Identifier<LedgerTransactionKind>? = nil
    ) throws(LedgerError) {
        try Self.validate(postings)
        self.id = id
        self.kind = kind
        self.subject = subject
        self.origin = origin
        self.occurredAt = occurredAt
        self.postedAt = postedAt
        self.postings = postings
        self.reverses = reverses
    }

    private static func validate(_ postings: [Posting]) throws(LedgerError) {
        guard !postings.isEmpty else { throw LedgerError(.empty, "a ledger transaction has postings") }
        guard postings.count <= maximumPostings else {
            throw LedgerError(.tooManyPostings, "at most \(maximumPostings) postings")
        }
        guard postings.allSatisfy({ !$0.amount.isZero }) else {
            throw LedgerError(.zeroPosting, "the amount of a posting must not be zero")
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
    }

    /// The same ledger transaction, booked at a moment.
    package func posted(at moment: Timestamp) -> Self {
        var posted = self
        posted.postedAt = moment
        return posted
    }

    /// The ledger transaction that reverses another one: the same subject and accounts, each amount negated.
    ///
    /// It is the only way to reverse one; `kind` gives the reason. A further ledger transaction books where the money
    /// belongs afterwards.
    ///
    /// - Throws: ``LedgerError`` with ``LedgerError/Code/amount`` when an amount has no negative.
    package static func reversing(
        _ booked: LedgerTransaction,
        id: Identifier<LedgerTransactionKind>,
        kind: Kind,
        occurredAt: Timestamp,
        postedAt: Timestamp
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
            subject: booked.subject,
            origin: booked.origin,
            occurredAt: occurredAt,
            postedAt: postedAt,
            postings: postings,
            reverses: booked.id
        )
    }
}

extension LedgerTransaction.Kind {
    /// Whether it books the end of a refund or payout: the amount sent, the fee, and the book that paid it.
    package var endsTransfer: Bool { [.transferSent, .networkFee, .handedOver].contains(self) }
}

extension Sequence<LedgerTransaction> {
    /// The ledger transactions that stand: they neither reverse another one of the sequence nor are reversed by one.
    package var standing: [LedgerTransaction] {
        let reversed = Set(compactMap(\.reverses))
        return filter { $0.reverses == nil && !reversed.contains($0.id) }
    }
}
