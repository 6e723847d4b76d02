package import Ledger
package import Money
package import Payments
package import Seams
import Settlement
package import Storage

/// One change of a merchant's balance: a ledger transaction as the merchant sees it.
///
/// The sum of the net amounts of a merchant's balance transactions is its balance, in each asset and at every moment,
/// because each is the ledger transaction's postings on the account of that balance.
package struct BalanceTransaction: Hashable, Sendable {
    /// The kind of change, as it stands in reports.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A payment was credited.
        case payment
        /// A payment is not the merchant's any more: the rail took it back, or its invoice is open again.
        case paymentReversed = "payment_reversed"
        /// Money was set aside for a refund.
        case refund
        /// A refund failed, was cancelled, or takes its money from another account.
        case refundReversed = "refund_reversed"
        /// Money was set aside for a payout.
        case payout
        /// A payout failed or was cancelled.
        case payoutReversed = "payout_reversed"
        /// Anything else that was booked on the balance.
        case correction

        /// The kind of a ledger transaction on a merchant's balance.
        package init(_ kind: LedgerTransaction.Kind, of subject: LedgerSubject.Kind) {
            switch (kind, subject) {
            case (.invoiceSettled, .payment), (.caseAccepted, .payment): self = .payment
            case (.settlementUndone, .payment), (.paymentOrphaned, .payment): self = .paymentReversed
            case (.refundReserved, .refund): self = .refund
            case (.transferReleased, .refund), (.refundMoved, .refund): self = .refundReversed
            case (.payoutReserved, .payout): self = .payout
            case (.transferReleased, .payout): self = .payoutReversed
            default: self = .correction
            }
        }

        /// The ledger transactions that are of this kind, by their kind and subject.
        package var reasons: Set<EntryFilter.Reason> {
            var reasons: Set<EntryFilter.Reason> = []
            for kind in LedgerTransaction.Kind.allCases {
                for subject in LedgerSubject.Kind.allCases where Self(kind, of: subject) == self {
                    reasons.insert(EntryFilter.Reason(kind, of: subject))
                }
            }
            return reasons
        }
    }

    /// The ledger transaction, with its place in the journal and its source.
    package let entry: AccountEntry
    /// The merchant whose balance it changed.
    package let merchant: MerchantID
    /// The kind of change.
    package let kind: Kind
    /// The change of the balance: positive when it rose.
    package let net: Amount
    /// The gateway's fee: positive when it was taken, negative when it was given back.
    package let fee: Amount

    /// The change of a merchant's balance by a ledger transaction.
    ///
    /// - Throws: `SettlementError` when it does not change the balance in exactly one asset; `MoneyError` when a sum does
    ///   not fit an amount.
    package init(_ entry: AccountEntry, of merchant: MerchantID) throws {
        let postings = entry.transaction.postings
        let own = postings.filter { $0.account == .merchantBalance(merchant) }.map(\.amount)
        guard let asset = own.first?.asset, own.allSatisfy({ $0.asset == asset }) else {
            throw SettlementError(
                .invalidState,
                "\(entry.transaction.id) changes a balance in several assets, or in none"
            )
        }
        let fees = postings.filter { $0.account == .feeIncome && $0.amount.asset == asset }.map(\.amount)
        self.entry = entry
        self.merchant = merchant
        kind = Kind(entry.transaction.kind, of: entry.transaction.subject.kind)
        net = try Amount.sum(own, asset: asset).negated()
        fee = try Amount.sum(fees, asset: asset).negated()
    }

    /// The change before the gateway's fee: the net amount and the fee.
    ///
    /// - Throws: `MoneyError` when it does not fit an amount.
    package var gross: Amount { get throws(MoneyError) { try net.adding(fee) } }

    /// From when on the money can be paid out: a payment's when its rail holds it back no longer, otherwise at once.
    package var availableOn: Timestamp {
        switch kind {
        case .payment, .paymentReversed: entry.source.availableAt ?? entry.transaction.postedAt
        case .refund, .refundReversed, .payout, .payoutReversed, .correction: entry.transaction.postedAt
        }
    }
}
