import Money
import Payments
import Seams
import Storage

/// Refunds and payouts that left and were lost on their way: they are booked as sent, and a case says that nobody
/// received them.
extension TransferEnd.Undelivered {
    /// The subject of a case about an undelivered transfer.
    static func subject(of transfer: OutgoingTransfer) -> NaturalKey { NaturalKey("transfer", transfer.purpose.id) }

    /// The case of a transfer that was lost on its way.
    func exceptionCase(about transfer: OutgoingTransfer, in draft: Draft) -> ExceptionCase {
        let reason = transfer.failure ?? "it was lost on its way"
        return ExceptionCase(
            id: draft.planner.identifiers.next(),
            reason: .undelivered,
            merchant: transfer.merchant,
            invoice: nil,
            payment: nil,
            movement: Self.subject(of: transfer),
            amount: nil,
            openedAt: draft.now,
            detail: "\(transfer.purpose.id), \(amount) to \(transfer.destination): \(reason)"
        )
    }
}

extension Settlement {
    /// A transfer that was lost on its way, with its amount in words.
    func undelivered(_ transfer: OutgoingTransfer) throws -> TransferEnd.Undelivered {
        let text = try assets.asset(transfer.amount.asset)?.text(transfer.amount) ?? "\(transfer.amount.units) units"
        return TransferEnd.Undelivered(amount: "\(text) of \(transfer.amount.asset)")
    }
}
