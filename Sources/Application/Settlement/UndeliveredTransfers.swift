import Money
import Payments
import Seams
import Storage

/// Refunds and payouts that left and were lost on their way: they are booked as sent, and a case says that nobody
/// received them.
extension Settlement {
    /// The subject of a case about an undelivered transfer.
    private static func subject(of transfer: OutgoingTransfer) -> NaturalKey {
        NaturalKey("transfer", transfer.purpose.id)
    }

    /// Opens the case of a transfer that was lost on its way.
    func openCase(ofUndelivered transfer: OutgoingTransfer, at now: Timestamp, in session: any SQLSession) throws {
        let reason = transfer.failure ?? "it was lost on its way"
        let text = try assets.asset(transfer.amount.asset)?.text(transfer.amount) ?? "\(transfer.amount.units) units"
        let amount = "\(text) of \(transfer.amount.asset)"
        try open(
            ExceptionCase(
                id: identifiers.next(),
                reason: .undelivered,
                merchant: transfer.merchant,
                invoice: nil,
                payment: nil,
                movement: Self.subject(of: transfer),
                amount: nil,
                openedAt: now,
                detail: "\(transfer.purpose.id), \(amount) to \(transfer.destination): \(reason)"
            ),
            in: session
        )
    }

    /// Closes the case of a transfer that is looked for again.
    func closeCase(ofUndelivered transfer: OutgoingTransfer, at now: Timestamp, in session: any SQLSession) throws {
        for open in try session.openCases(of: Self.subject(of: transfer)) {
            try close(open, .init(.superseded, at: now), in: session)
        }
    }
}
