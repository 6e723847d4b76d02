import BigInt
import Ledger
import Money
import Payments
import Seams
import Storage

extension LedgerTransaction.Kind {
    static let paymentHeld = Self("payment_held")
    static let invoiceSettled = Self("invoice_settled")
    static let underpaid = Self("underpaid")
    static let movement = Self("movement")
    static let movementUndone = Self("movement_undone")
    static let refundReserved = Self("refund_reserved")
    static let payoutReserved = Self("payout_reserved")
    static let transferSent = Self("transfer_sent")
    static let transferReleased = Self("transfer_released")
    static let transferReopened = Self("transfer_reopened")
    static let networkFee = Self("network_fee")
    static let railRefund = Self("rail_refund")
    static let paymentOrphaned = Self("payment_orphaned")
    static let caseAccepted = Self("case_accepted")
    static let settlementUndone = Self("settlement_undone")
}

extension Settlement {
    /// Books a ledger transaction: balanced, and only on accounts of the chart.
    func post(
        _ kind: LedgerTransaction.Kind,
        subject: String,
        at moment: Timestamp,
        _ postings: [Posting],
        in session: any SQLSession
    ) throws {
        for posting in postings { try chart.validate(posting.account) }
        let transaction = try LedgerTransaction(
            id: identifiers.next(),
            kind: kind,
            occurredAt: moment,
            subject: subject,
            postings: postings
        )
        try session.post(transaction)
    }
}

/// Where the money of one payment is now: what each account owes for it.
struct PaymentPosition {
    private(set) var owed: [(account: AccountID, amount: Amount)]

    /// The position that the ledger transactions about a payment add up to, in the payment's asset.
    init(_ transactions: [LedgerTransaction], asset: AssetID) throws {
        var sums: [AccountID: Amount] = [:]
        for posting in transactions.flatMap(\.postings) where posting.amount.asset == asset {
            sums[posting.account] = try (sums[posting.account] ?? .zero(asset)).subtracting(posting.amount)
        }
        owed = sums.filter { $0.value.isPositive }.map { ($0.key, $0.value) }.sorted { $0.account < $1.account }
    }

    /// Takes `amount` from where the money waits first, and from what the merchant earned only then; the gateway gives
    /// its fee back in proportion.
    ///
    /// - Returns: what is taken from each account, or nothing when there is not enough.
    func taking(_ amount: Amount) throws -> [(account: AccountID, amount: Amount)]? {
        var rest = amount
        var taken: [(account: AccountID, amount: Amount)] = []
        let refundable = owed.filter { !$0.account.isReserved }
        for (account, available) in refundable where !account.isEarned {
            let part = try rest.compared(to: available) == .greater ? available : rest
            guard part.isPositive else { continue }
            taken.append((account, part))
            rest = try rest.subtracting(part)
        }
        guard rest.isPositive else { return taken }
        let earned = refundable.filter(\.account.isEarned)
        let total = try Amount.sum(earned.map(\.amount), asset: amount.asset)
        guard try rest.compared(to: total) != .greater else { return nil }
        let weights = earned.map { BigInt($0.amount.units).magnitude }
        for (share, source) in zip(try rest.allocated(by: weights), earned) where share.isPositive {
            taken.append((source.account, share))
        }
        return taken
    }
}

extension AccountID {
    var isEarned: Bool { ["merchant_balance", "fee_income"].contains(code.rawValue) }
    var isReserved: Bool { ["refunds_payable", "payouts_payable"].contains(code.rawValue) }
}
