import Ledger
import Money
import Payments
import Seams
import Storage

/// A refund or payout as the books have it.
struct BookedTransfer {
    var transfer: OutgoingTransfer
    /// The ledger transaction that sets its money aside, or did last; nil when nothing ever did.
    var reservation: LedgerTransaction?
    /// The ledger transactions about it, in the order of the journal.
    var booked: [LedgerTransaction] = []
}

/// A payment as the books have it: with its refunds, its ledger transactions and its open cases.
struct BookedPayment {
    var payment: Payment
    /// The ledger transactions about it, in the order of the journal; those about its refunds are theirs.
    var booked: [LedgerTransaction] = []
    /// Its refunds, in the order in which they were asked for.
    var refunds: [BookedTransfer] = []
    /// Its open cases, in the order in which they were opened.
    var cases: [ExceptionCase] = []

    /// Whose money moves with it: its merchant's, and that of those who have asked for its refunds.
    var merchants: [MerchantID?] { [payment.merchant] + refunds.map(\.transfer.merchant) }

    /// When the rail first had it, in whichever block it is now.
    var firstMoment: Timestamp? { booked.map(\.occurredAt).min() }

    /// The refunds for which money is set aside, or has left.
    var liveRefunds: [BookedTransfer] { refunds.filter(\.transfer.status.state.holdsMoney) }

    /// Where its money is now, after its refunds.
    var position: PaymentPosition {
        get throws { try PaymentPosition(booked + refunds.flatMap(\.booked), asset: payment.amount.asset) }
    }

    /// How much of it still waits.
    var waiting: Amount {
        get throws { try Amount.sum(position.waiting.map(\.amount), asset: payment.amount.asset) }
    }
}
