import Ledger
import Money
import Payments
import Providers
import Seams
import Storage

/// The subject of a ledger transaction, whose money it moves, and by which provider.
struct Booking {
    /// What has the ledger transaction in its history.
    enum Owner: Hashable {
        case payment(PaymentID)
        case transfer(OutgoingTransfer.Purpose)
        case movement
    }

    let owner: Owner
    let subject: LedgerSubject
    let merchant: MerchantID?
    let provider: String

    /// The same subject in the operator's book.
    var ofOperator: Self { Self(owner: owner, subject: subject, merchant: nil, provider: provider) }

    /// A payment, as it is stored now.
    static func payment(_ payment: Payment) -> Self {
        Self(
            owner: .payment(payment.id),
            subject: LedgerSubject(payment.id),
            merchant: payment.merchant,
            provider: payment.provider
        )
    }

    /// A refund or payout.
    static func transfer(_ transfer: OutgoingTransfer) -> Self {
        Self(
            owner: .transfer(transfer.purpose),
            subject: LedgerSubject(transfer.purpose),
            merchant: transfer.merchant,
            provider: transfer.provider
        )
    }

    /// A change of a provider's account that is no payment.
    static func movement(_ key: NaturalKey, at provider: String) -> Self {
        Self(owner: .movement, subject: LedgerSubject(key), merchant: nil, provider: provider)
    }
}

/// Makes ledger transactions as values: balanced, each in the book in which its postings belong.
struct LedgerPlanner: Sendable {
    let identifiers: IdentifierSource
    /// The rail of a provider; nil when it is not configured any more.
    let rail: @Sendable (String) -> Rail?
    let now: Timestamp
    /// The books of the merchants whose money may move.
    var books: [MerchantID: LedgerBook] = [:]

    /// The ledger transactions of an event: in the merchant's book, or in the operator's when there is no merchant.
    ///
    /// Postings on the operator's accounts for a merchant are booked in the operator's book by a ledger transaction of
    /// their own. Each book balances on its own: the provider's receivable account is the counterpart in both.
    ///
    /// - Throws: `LedgerError` when the postings do not balance, and ``SettlementError`` when the merchant's book was not
    ///   read.
    /// - Returns: the ledger transactions in their order; the last one is in the merchant's book.
    func transactions(
        _ kind: LedgerTransaction.Kind,
        of booking: Booking,
        at occurredAt: Timestamp,
        _ postings: [Posting]
    ) throws -> [LedgerTransaction] {
        let foreign = postings.filter(\.account.isOperators)
        guard try !foreign.isEmpty && book(of: booking.merchant) != .operators else {
            return [try transaction(kind, of: booking, at: occurredAt, postings)]
        }
        let rail = AccountID.providerReceivable(booking.provider)
        let own = postings.filter { !$0.account.isOperators }
        let handedOver = try foreign.map { Posting(account: rail, amount: try $0.amount.negated()) }
        let received = foreign.map { Posting(account: rail, amount: $0.amount) }
        return [
            try transaction(.handedOver, of: booking.ofOperator, at: occurredAt, foreign + handedOver),
            try transaction(kind, of: booking, at: occurredAt, received + own),
        ]
    }

    private func book(of merchant: MerchantID?) throws -> LedgerBook {
        guard let merchant else { return .operators }
        guard let book = books[merchant] else {
            throw SettlementError(.invalidState, "the book of \(merchant) was not read for the decision")
        }
        return book
    }

    private func transaction(
        _ kind: LedgerTransaction.Kind,
        of booking: Booking,
        at occurredAt: Timestamp,
        _ postings: [Posting]
    ) throws -> LedgerTransaction {
        try LedgerTransaction(
            id: identifiers.next(),
            kind: kind,
            subject: booking.subject,
            origin: LedgerOrigin(
                merchant: booking.merchant?.text,
                rail: rail(booking.provider)?.rawValue,
                provider: booking.provider
            ),
            occurredAt: occurredAt,
            postedAt: now,
            postings: postings
        )
    }

    /// The ledger transaction that reverses another one: each account gets back what it gave, under the same subject.
    ///
    /// The database refuses to reverse one twice.
    func reversal(
        of booked: LedgerTransaction,
        as kind: LedgerTransaction.Kind,
        at moment: Timestamp
    ) throws -> LedgerTransaction {
        try .reversing(booked, id: identifiers.next(), kind: kind, occurredAt: moment, postedAt: now)
    }
}
