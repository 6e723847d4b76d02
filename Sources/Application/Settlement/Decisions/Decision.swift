import Ledger
import Money
import Payments
import Providers
import Records
import Seams
import Storage

/// What a use case changes, in the order in which it is written.
///
/// It is decided from what was read, without a database; ``Applier`` alone writes it.
struct Decision<Result> {
    /// The result for the caller.
    let result: Result
    let changes: [Change]
}

/// A change that a use case has decided on.
enum Change {
    case order(OrderChange)
    case payment(PaymentChange)
    /// Money moves.
    case ledger(LedgerTransaction)
    /// A ledger transaction sets aside the money of a transfer.
    case reserved(OutgoingTransfer, by: Identifier<LedgerTransactionKind>)
    case transfer(TransferChange)
    case exception(CaseChange)
    case wallet(WalletChange)
    /// The merchant, or the operator, is told.
    case told(News)
}

/// A change of an invoice or of what belongs to it.
enum OrderChange {
    /// The quote of an option was made anew.
    case renewedQuote(PaymentOption, from: PaymentOption, of: MerchantID)
    /// An account of an option has money that is to be gathered.
    case holding(account: String, at: PaymentOption, of: MerchantID)
    /// An invoice is opened, with the one way to pay it.
    case opened(Invoice, PaymentOption)
    /// An invoice has another state.
    case invoice(Invoice, from: Invoice)
    /// An invoice was sold: its link has one piece less.
    case sale(Invoice)
    /// The next form of an invoice may be paid.
    case released(InvoiceID)
    /// A subscription has had an event.
    case subscription(SubscriptionID, SubscriptionStatus.Event, of: Timestamp)
}

/// A change of a payment.
enum PaymentChange {
    /// It is stored, instead of an earlier state of it when there is one, with the customer's data.
    case stored(Payment, replacing: Payment?, told: PersonalData?)
    /// It stands otherwise, or relates otherwise to its invoice.
    case state(Payment)
}

/// A change of a refund or payout.
enum TransferChange {
    /// It is asked for.
    case stored(OutgoingTransfer)
    /// It has another state, and is looked at again at a moment.
    case state(OutgoingTransfer, from: OutgoingTransfer, nextAttemptAt: Timestamp)
    /// It was made at the payment provider, which has a number for it.
    case numbered(OutgoingTransfer, as: String)
}

/// A change of a case.
enum CaseChange {
    case opened(ExceptionCase)
    /// Another amount waits in it.
    case amount(CaseID, Amount)
    case closed(ExceptionCase, ExceptionCase.Resolution)
}

/// A change of a wallet and of what left it.
enum WalletChange {
    /// It signs nothing until a person has looked.
    case held(wallet: String, of: String, because: String)
    /// Any use of its numbers from this one on is noticed.
    case forgotNumbers(wallet: String, of: String, from: Int64)
    /// The spends of a movement are no longer in the chain.
    case vanished(NaturalKey)
    /// A spend is a transfer of ours; it has to be unassigned and in the chain.
    case assigned(WalletSpend, to: OutgoingTransfer)
    /// A spend is no transfer of ours.
    case unassigned(WalletSpend)
    /// A person has not reviewed what is known of a transfer now.
    case forgotReview(of: OutgoingTransfer)
}

/// What somebody is told.
enum News {
    case payment(Payment)
    /// A payment was taken back.
    case orphaned(Payment)
    case invoice(InvoiceEvent, Invoice)
    /// To which state a payment has moved an invoice.
    case progress(OptionMatch, now: Invoice)
    case transfer(OutgoingEvent, OutgoingTransfer)
}
