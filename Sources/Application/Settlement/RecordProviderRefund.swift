import Money
import Payments
import Providers
import Seams
import Storage

/// Refunds that a merchant has made at the payment provider and records here by the payment provider's numbers.
extension Settlement {
    /// Refuses a malformed number, or one that a refund of the merchant has already.
    func check(
        _ reference: String,
        of payment: Payment,
        for merchant: MerchantID,
        in session: any SQLSession
    ) throws {
        let isVisible = reference.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard isVisible, (1...128).contains(reference.utf8.count) else {
            throw SettlementError(
                .invalidRequest,
                "'provider_reference' has 1 to 128 characters of visible ASCII",
                parameter: "provider_reference"
            )
        }
        if let known = try session.outgoing(elsewhere: reference, provider: payment.provider, merchant: merchant) {
            throw SettlementError(
                .conflict,
                "this refund of the payment provider is booked already, as \(known.purpose.id)",
                parameter: "provider_reference"
            )
        }
    }

    /// The refund that a merchant means, among those that the rail has reported and that were booked without a number.
    ///
    /// A nil amount means all that is left; when nothing is left, the only reported refund is meant.
    func reported(
        _ amount: Amount?,
        of payment: Payment,
        among refunds: [OutgoingTransfer],
        at provider: any PaymentProvider
    ) throws -> OutgoingTransfer? {
        guard provider.capabilities.refunds == .elsewhere else { return nil }
        let unnamed = refunds.filter { $0.status.state == .completed && $0.prepared == nil }
        if let amount { return unnamed.first { $0.amount == amount } }
        let returned = try Amount.sum(
            refunds.filter(\.status.state.holdsMoney).map(\.amount),
            asset: payment.amount.asset
        )
        return returned == payment.amount && unnamed.count == 1 ? unnamed[0] : nil
    }

    /// Adds the number to a refund that the rail has reported: it is booked already, and is not booked twice.
    func name(
        _ reported: OutgoingTransfer,
        _ reference: String,
        in session: any SQLSession
    ) throws -> OutgoingTransfer {
        try session.setElsewhere(reference, of: reported.purpose.id)
        var named = reported
        named.prepared = PreparedTransfer(bytes: [], hash: reference, sequence: nil, validUntil: nil)
        named.version += 1
        return named
    }

    /// Books a refund that was made at the payment provider and that the rail has not reported.
    func record(
        _ reference: String,
        _ amount: Amount,
        of payment: Payment,
        _ reason: String?,
        for merchant: MerchantID,
        id: RefundID,
        at now: Timestamp,
        in session: any SQLSession
    ) throws -> OutgoingTransfer {
        let sources = try sources(of: amount, of: payment, for: merchant, in: session)
        var transfer = OutgoingTransfer(
            purpose: .refund(id, of: payment.id),
            merchant: merchant,
            provider: payment.provider,
            amount: amount,
            destination: payment.refundTarget ?? "",
            reason: reason,
            status: PayoutStateMachine(state: .completed),
            prepared: PreparedTransfer(bytes: [], hash: reference, sequence: nil, validUntil: nil),
            createdAt: now,
            finishedAt: now
        )
        try session.insert(transfer)
        try reserve(transfer, from: sources, at: now, in: session)
        try session.setElsewhere(reference, of: id.text)
        transfer.version += 1
        try complete(transfer, fee: nil, at: now, in: session)
        return transfer
    }
}
