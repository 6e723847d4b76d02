import Money
import Payments
import Seams
import Storage

extension Settlement {
    /// Records that a rail has returned a payment: our own refund is confirmed, and one that was made elsewhere is
    /// booked as a new refund.
    func recordRailRefund(
        _ amount: Amount,
        of payment: Payment,
        at now: Timestamp,
        in session: any SQLSession
    ) throws {
        let refunds = try session.refunds(of: payment.id)
        if let pending = refunds.first(where: { [.inProgress, .unknown].contains($0.status.state) }) {
            var updated = pending
            let action = try updated.status.apply(.confirmed)
            updated.finishedAt = now
            try store(&updated, from: pending, nextAttemptAt: now, in: session)
            if action == .postCompleted { try complete(updated, fee: nil, at: now, in: session) }
        } else if !refunds.contains(where: { $0.status.state == .completed }) {
            try adopt(amount, of: payment, waiting: refunds, at: now, in: session)
        }
    }

    /// Cancels refunds that wait to be sent and must not be sent any more.
    func callOff(
        _ refunds: [OutgoingTransfer],
        because reason: String,
        at now: Timestamp,
        in session: any SQLSession
    ) throws {
        for refund in refunds where refund.status.state == .awaitingPayment {
            var cancelled = refund
            let action = try cancelled.status.apply(.cancelled)
            cancelled.finishedAt = now
            cancelled.failure = reason
            try store(&cancelled, from: refund, nextAttemptAt: now, in: session)
            if action == .releaseFunds { try release(cancelled, fee: nil, at: now, in: session) }
        }
    }

    /// Books a refund that was made without us.
    func adopt(
        _ amount: Amount,
        of payment: Payment,
        waiting refunds: [OutgoingTransfer],
        at now: Timestamp,
        in session: any SQLSession
    ) throws {
        try callOff(refunds, because: "the rail returned the payment first", at: now, in: session)
        let merchant = payment.merchant ?? operatorMerchant
        let transfer = OutgoingTransfer(
            purpose: .refund(identifiers.next(), of: payment.id),
            merchant: merchant,
            provider: payment.provider,
            amount: amount,
            destination: payment.refundTarget ?? "",
            reason: "returned by the rail",
            status: PayoutStateMachine(state: .completed),
            createdAt: now,
            finishedAt: now
        )
        try session.insert(transfer)
        let sources = try sourcesOrLosses(of: transfer, returning: payment, in: session)
        try reserve(transfer, from: sources, at: now, in: session)
        try complete(transfer, fee: nil, at: now, in: session)
        let resolution = ExceptionCase.Resolution(.refunded, object: transfer.purpose.id, at: now)
        try keepCases(of: payment, closing: resolution, in: session)
    }
}
