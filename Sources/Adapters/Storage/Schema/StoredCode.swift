import Ledger
import Payments
package import Records
import Seams

/// An enumeration that is stored as a small integer.
///
/// The number of a case is its place in ``stored``, counted from 1. New cases go to the end, and none is ever moved: the
/// numbers are in every database. The table `codes` says to people who read the database what each number means.
protocol StoredCode: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
    /// The name of this enumeration's columns in the table `codes`.
    static var columns: String { get }
    /// The cases in the order of their numbers.
    static var stored: [Self] { get }
}

extension StoredCode {
    /// The number that stands for the case.
    var code: Int64 {
        guard let index = Self.stored.firstIndex(of: self) else {
            preconditionFailure("\(Self.self).\(rawValue) has no number; a test holds that each case has one")
        }
        return Int64(index) + 1
    }

    /// The case that a number stands for; nil for a number that stands for none.
    init?(code: Int64) {
        guard code >= 1, code <= Int64(Self.stored.count) else { return nil }
        self = Self.stored[Int(code) - 1]
    }

    /// The type of a column in the schema, with the check that the number stands for a case.
    static var column: String { "{code \(stored.count)}" }

    /// The numbers of some cases, for `IN` in a statement.
    static func list(_ cases: Self...) -> String { "(" + cases.map { "\($0.code)" }.joined(separator: ", ") + ")" }
}

/// Conditions that indexes and statements share word for word: an engine uses a partial index for no other.
extension InvoiceStateMachine.State {
    /// Whether an invoice can still be paid.
    static func isPayable(in table: String) -> String { "\(table)state IN \(list(.new, .processing))" }
}

extension PayoutStateMachine.State {
    /// Whether a transfer was signed, and its fate is not known.
    var isSent: Bool { self == .inProgress || self == .unknown }
    /// The condition of ``isSent`` in a statement.
    static func isSent(in table: String) -> String { "\(table)state IN \(list(.inProgress, .unknown))" }
    /// Whether something is to be done for a transfer.
    static func isDue(in table: String) -> String {
        "\(table)state IN \(list(.awaitingPayment, .inProgress, .unknown))"
    }
}

extension SubscriptionStatus.State {
    /// Whether a subscription has not ended.
    static func isUnderWay(in table: String) -> String { "\(table)state <> \(ended.code)" }
}

extension WalletSession.State {
    /// Whether a wallet may still answer.
    static func isOpen(in table: String) -> String { "\(table)state IN \(list(.waiting, .asked))" }
}

extension InvoiceStateMachine.State: StoredCode {
    static let columns = "invoices.state"
    static let stored: [Self] = [.new, .processing, .settled, .expired, .invalid]
}

extension InvoiceStateMachine.Exception: StoredCode {
    static let columns = "invoices.exception"
    static let stored: [Self] = [.none, .paidPartial, .paidOver, .paidLate, .marked]
}

extension Invoice.Goods: StoredCode {
    static let columns = "invoices.goods"
    static let stored: [Self] = [.digital, .physical, .service]
}

extension Rail: StoredCode {
    static let columns = "rail"
    static let stored: [Self] = [.telegramFiat, .telegramStars, .ton, .evm]
}

extension Payment.State: StoredCode {
    static let columns = "payments.state"
    static let stored: [Self] = [.final, .orphaned]
}

extension Payment.Classification: StoredCode {
    static let columns = "payments.classification"
    static let stored: [Self] = [.exact, .partial, .over, .late, .repeated, .unmatched, .wrongAsset]
}

extension PayoutStateMachine.State: StoredCode {
    static let columns = "outgoing.state"
    static let stored: [Self] = [
        .awaitingApproval, .awaitingPayment, .inProgress, .unknown, .completed, .failed, .cancelled,
    ]
}

/// Whether money goes out as a refund or as a payout.
enum OutgoingKind: String, StoredCode {
    case refund
    case payout

    static let columns = "outgoing.kind"
    static let stored: [Self] = [.refund, .payout]

    /// Whether a transfer is a refund or a payout, by its identifier.
    init(ofTransfer id: String) { self = (try? RefundID(id)) == nil ? .payout : .refund }
}

extension ExceptionCase.Reason: StoredCode {
    static let columns = "cases.reason"
    static let stored: [Self] = [
        .underpaid, .overpaid, .late, .repeated, .unmatched, .foreignReference, .wrongAsset, .orphaned, .unreadable,
        .walletHeld, .undelivered,
    ]
}

extension ExceptionCase.State: StoredCode {
    static let columns = "cases.state"
    static let stored: [Self] = [.open, .resolved]
}

extension ExceptionCase.Resolution.Outcome: StoredCode {
    static let columns = "cases.outcome"
    static let stored: [Self] = [.accepted, .refunded, .assigned, .dismissed, .superseded]
}

extension SetAside.Cause: StoredCode {
    static let columns = "set_aside.cause"
    static let stored: [Self] = [.unreadable, .tooLarge, .unstorable, .refused]
}

extension SubscriptionStatus.State: StoredCode {
    static let columns = "subscriptions.state"
    static let stored: [Self] = [.incomplete, .active, .pastDue, .canceled, .ended]
}

extension WalletSession.State: StoredCode {
    static let columns = "wallet_sessions.state"
    static let stored: [Self] = [.waiting, .asked, .sent, .declined, .failed]
}

extension WalletRecord.Hold.Kind: StoredCode {
    static let columns = "wallets.hold"
    static let stored: [Self] = [.ahead, .spent, .restored]
}

extension KeyAccess.Role: StoredCode {
    static let columns = "api_keys.role"
    static let stored: [Self] = [.secret, .restricted, .publishable]
}

extension LedgerTransaction.Kind: StoredCode {
    static let columns = "ledger_transactions.kind"
    static let stored: [Self] = [
        .paymentHeld, .invoiceSettled, .underpaid, .movement, .movementUndone, .refundReserved, .payoutReserved,
        .transferSent, .transferReleased, .transferReopened, .networkFee, .refundMoved, .paymentOrphaned,
        .caseAccepted, .settlementUndone, .handedOver,
    ]
}

extension LedgerSubject.Kind: StoredCode {
    static let columns = "ledger_transactions.subject_kind"
    static let stored: [Self] = [.payment, .refund, .payout, .movement]
}

extension Schema {
    /// Every enumeration that is stored as a number.
    static let codes: [any StoredCode.Type] = [
        InvoiceStateMachine.State.self, InvoiceStateMachine.Exception.self, Invoice.Goods.self, Rail.self,
        Payment.State.self, Payment.Classification.self, PayoutStateMachine.State.self, OutgoingKind.self,
        ExceptionCase.Reason.self, ExceptionCase.State.self, ExceptionCase.Resolution.Outcome.self,
        SetAside.Cause.self, SubscriptionStatus.State.self, WalletSession.State.self, WalletRecord.Hold.Kind.self,
        KeyAccess.Role.self, LedgerTransaction.Kind.self, LedgerSubject.Kind.self, OwnWalletKind.self,
    ]
}
