import BigInt
import Ledger
import Money
import Payments
import Providers
import Seams
import Storage

/// The subject of a ledger transaction, whose money it moves, and by which provider.
struct Booking {
    let subject: LedgerSubject
    let merchant: MerchantID?
    let provider: String

    /// The same subject in the operator's book.
    var ofOperator: Self { Self(subject: subject, merchant: nil, provider: provider) }

    /// A payment, as it is stored now.
    static func payment(_ payment: Payment) -> Self {
        Self(subject: LedgerSubject(payment.id), merchant: payment.merchant, provider: payment.provider)
    }

    /// A refund or payout.
    static func transfer(_ transfer: OutgoingTransfer) -> Self {
        Self(subject: LedgerSubject(transfer.purpose), merchant: transfer.merchant, provider: transfer.provider)
    }

    /// A change of a provider's account that is no payment.
    static func movement(_ key: NaturalKey, at provider: String) -> Self {
        Self(subject: LedgerSubject(key), merchant: nil, provider: provider)
    }
}

extension Settlement {
    /// Books a ledger transaction: balanced, and only on accounts of the chart.
    ///
    /// Postings on the operator's accounts for a merchant are booked in the operator's book by a ledger transaction of
    /// their own. Each book balances on its own: the provider's receivable account is the counterpart in both.
    ///
    /// - Returns: the ledger transaction in the merchant's book, or in the operator's when there is no merchant.
    @discardableResult
    func post(
        _ kind: LedgerTransaction.Kind,
        of booking: Booking,
        at occurredAt: Timestamp,
        _ postings: [Posting],
        in session: any SQLSession
    ) throws -> LedgerTransaction {
        let foreign = postings.filter(\.account.isOperators)
        guard try !foreign.isEmpty && session.book(of: booking.merchant) != .operators else {
            return try book(kind, of: booking, at: occurredAt, postings, in: session)
        }
        let rail = AccountID.providerReceivable(booking.provider)
        let own = postings.filter { !$0.account.isOperators }
        let handedOver = try foreign.map { Posting(account: rail, amount: try $0.amount.negated()) }
        let received = foreign.map { Posting(account: rail, amount: $0.amount) }
        try book(.handedOver, of: booking.ofOperator, at: occurredAt, foreign + handedOver, in: session)
        return try book(kind, of: booking, at: occurredAt, received + own, in: session)
    }

    /// Books a ledger transaction in one book.
    @discardableResult
    private func book(
        _ kind: LedgerTransaction.Kind,
        of booking: Booking,
        at occurredAt: Timestamp,
        _ postings: [Posting],
        in session: any SQLSession
    ) throws -> LedgerTransaction {
        for posting in postings { try chart.validate(posting.account) }
        let transaction = try LedgerTransaction(
            id: identifiers.next(),
            kind: kind,
            subject: booking.subject,
            origin: LedgerOrigin(
                merchant: booking.merchant?.text,
                rail: providers.provider(booking.provider)?.rail.rawValue,
                provider: booking.provider
            ),
            occurredAt: occurredAt,
            postedAt: clock.now(),
            postings: postings
        )
        try LedgerWriter(session).post(transaction)
        return transaction
    }

    /// Reverses a ledger transaction: each account gets back what it gave, under the same subject.
    ///
    /// The database refuses to reverse one twice.
    func reverse(
        _ booked: LedgerTransaction,
        as kind: LedgerTransaction.Kind,
        at moment: Timestamp,
        in session: any SQLSession
    ) throws {
        let (id, now) = (identifiers.next(LedgerTransactionKind.self), clock.now())
        try LedgerWriter(session).post(.reversing(booked, id: id, kind: kind, occurredAt: moment, postedAt: now))
    }

    /// Where the money of a payment is now, after its refunds.
    func position(of payment: Payment, in session: any SQLSession) throws -> PaymentPosition {
        try PaymentPosition(
            session.ledgerTransactions(payment: payment.id),
            asset: payment.amount.asset
        )
    }
}

/// Where the money of one payment is now: what each account owes for it.
struct PaymentPosition {
    /// The amounts owed for the payment to customers and merchants, and the gateway's fee, by account.
    private(set) var owed: [(account: AccountID, amount: Amount)]

    /// The position that the ledger transactions about a payment and its refunds add up to, in the payment's asset.
    init(_ transactions: [LedgerTransaction], asset: AssetID) throws {
        var sums: [AccountID: Amount] = [:]
        for posting in transactions.flatMap(\.postings)
        where posting.amount.asset == asset && posting.account.holdsPayments {
            sums[posting.account] = try (sums[posting.account] ?? .zero(asset)).subtracting(posting.amount)
        }
        owed = sums.filter { $0.value.isPositive }.map { ($0.key, $0.value) }.sorted { $0.account < $1.account }
    }

    /// Takes `amount` from waiting money first, and only then from what the merchant earned; the gateway gives its fee
    /// back in proportion.
    ///
    /// - Returns: what is taken from each account, and what is missing when there is not enough.
    func taking(_ amount: Amount) throws -> (taken: [(account: AccountID, amount: Amount)], missing: Amount) {
        var rest = amount
        var taken: [(account: AccountID, amount: Amount)] = []
        for (account, available) in owed where !account.isEarned {
            let part = try rest.compared(to: available) == .greater ? available : rest
            guard part.isPositive else { continue }
            taken.append((account, part))
            rest = try rest.subtracting(part)
        }
        let earned = owed.filter(\.account.isEarned)
        let total = try Amount.sum(earned.map(\.amount), asset: amount.asset)
        guard rest.isPositive, total.isPositive else { return (taken, rest) }
        let part = try rest.compared(to: total) == .greater ? total : rest
        let weights = earned.map { BigInt($0.amount.units).magnitude }
        for (share, source) in zip(try part.allocated(by: weights), earned) where share.isPositive {
            taken.append((source.account, share))
        }
        return (taken, try rest.subtracting(part))
    }

    /// The part that is not earned: it waits for a decision, or for the rest of its invoice.
    var waiting: [(account: AccountID, amount: Amount)] {
        owed.filter { !$0.account.isEarned }
    }
}

extension AccountID {
    var isEarned: Bool { ["merchant_balance", "fee_income"].contains(code.rawValue) }
    /// Whether a payment's money can be on it: not what the rail owes us, what is on its way, costs or losses.
    var holdsPayments: Bool {
        ![
            "provider_receivable", "refunds_payable", "payouts_payable", "network_fees", "provider_losses",
        ]
        .contains(code.rawValue)
    }
}
