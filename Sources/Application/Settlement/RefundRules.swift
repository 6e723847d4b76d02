import Ledger
import Money
import Payments
import Providers
import Seams

/// Decides about a refund, from what was read of its payment.
struct RefundRules {
    let payment: BookedPayment
    /// Who asks for it.
    let merchant: MerchantID
    /// What the payment's provider can do.
    let capabilities: ProviderCapabilities
    /// Whether the provider sends transfers.
    let isSending: Bool
    /// Whether the payment is a part of an invoice that still waits for the rest.
    let isWaitingForRest: Bool
    /// What the merchant has of the payment's asset.
    let balance: Amount

    /// The amount to return, after every check; nil means all that has not been returned.
    ///
    /// `isMade` says that it was returned at the payment provider.
    func amount(_ measured: Amount?, isMade: Bool) throws -> Amount {
        let payment = payment.payment
        guard payment.state == .final else {
            throw SettlementError(.invalidState, "a payment that is \(payment.state.rawValue) cannot be returned yet")
        }
        let isElsewhere = capabilities.refunds == .elsewhere
        guard isMade || !isElsewhere && isSending else {
            let reason = """
                payments by \(payment.rail.rawValue) are returned at the payment provider; return it there, and have it \
                booked with its number there as 'provider_reference'
                """
            throw SettlementError(.unsupported, reason)
        }
        guard isElsewhere || !isMade else {
            throw SettlementError(
                .unsupported,
                "refunds by \(payment.rail.rawValue) are made here; leave 'provider_reference' out",
                parameter: "provider_reference"
            )
        }
        guard payment.refundTarget != nil || isMade else {
            throw SettlementError(.unsupported, "the rail does not prove who paid; send a payout to an address instead")
        }
        let asset = payment.amount.asset
        let live = self.payment.liveRefunds.map(\.transfer)
        let returned = try Amount.sum(live.map(\.amount), asset: asset)
        let rest = try payment.amount.subtracting(returned)
        guard rest.isPositive else { throw SettlementError(.invalidState, "the payment has been returned already") }
        let wanted = measured ?? rest
        guard wanted.asset == asset else {
            throw SettlementError(.invalidRequest, "the payment is in \(asset)", parameter: "amount")
        }
        guard wanted.isPositive else {
            throw SettlementError(.invalidRequest, "the amount has to be more than zero", parameter: "amount")
        }
        guard try wanted.compared(to: rest) != .greater else {
            throw SettlementError(.amountTooLarge, "more than what is left of the payment", parameter: "amount")
        }
        if capabilities.refunds == .full, wanted != payment.amount {
            throw SettlementError(.unsupported, "this rail returns whole payments only", parameter: "amount")
        }
        return wanted
    }

    /// The refund that a merchant means, among those that the rail has reported and that were booked without a number.
    ///
    /// A nil amount means all that is left; when nothing is left, the only reported refund is meant.
    func reported(_ amount: Amount?) throws -> OutgoingTransfer? {
        guard capabilities.refunds == .elsewhere else { return nil }
        let refunds = payment.refunds.map(\.transfer)
        let unnamed = refunds.filter { $0.status.state == .completed && $0.prepared == nil }
        if let amount { return unnamed.first { $0.amount == amount } }
        let whole = payment.payment.amount
        let returned = try Amount.sum(payment.liveRefunds.map(\.transfer.amount), asset: whole.asset)
        return returned == whole && unnamed.count == 1 ? unnamed[0] : nil
    }

    /// The comment of a refund on a rail that carries one; nil on others.
    func comment(of id: RefundID) -> String? { capabilities.refunds == .partial ? "Refund \(id.text)" : nil }

    /// Asks for a refund, which a worker sends.
    func request(
        _ amount: Amount,
        by quote: Quote?,
        _ reason: String?,
        id: RefundID,
        in draft: inout Draft
    ) throws -> OutgoingTransfer {
        let payment = payment.payment
        var status = PayoutStateMachine()
        do throws(PaymentsError) { _ = try status.apply(.approved) } catch { throw SettlementError(error) }
        let transfer = OutgoingTransfer(
            purpose: .refund(id, of: payment.id),
            merchant: merchant,
            provider: payment.provider,
            amount: amount,
            destination: payment.refundTarget ?? "",
            comment: comment(of: id),
            reason: reason,
            quote: quote,
            status: status,
            createdAt: draft.now
        )
        try draft.request(transfer, from: sources(of: amount))
        return transfer
    }

    /// Books a refund that was made at the payment provider and that the rail has not reported.
    func record(
        _ reference: String,
        _ amount: Amount,
        _ reason: String?,
        id: RefundID,
        in draft: inout Draft
    ) throws -> OutgoingTransfer {
        let (payment, sources) = (payment.payment, try sources(of: amount))
        let transfer = OutgoingTransfer(
            purpose: .refund(id, of: payment.id),
            merchant: merchant,
            provider: payment.provider,
            amount: amount,
            destination: payment.refundTarget ?? "",
            reason: reason,
            status: PayoutStateMachine(state: .completed),
            prepared: PreparedTransfer(bytes: [], hash: reference, sequence: nil, validUntil: nil),
            createdAt: draft.now,
            finishedAt: draft.now
        )
        draft.store(transfer)
        try draft.reserve(transfer, from: sources, at: draft.now)
        let numbered = draft.number(transfer, as: reference)
        try draft.complete(numbered, fee: nil)
        return numbered
    }

    /// The accounts that an amount of the payment is taken from.
    func sources(of amount: Amount) throws -> [(account: AccountID, amount: Amount)] {
        guard !isWaitingForRest else {
            throw SettlementError(.invalidState, "the invoice still waits for the rest; cancel or let it expire first")
        }
        let (sources, missing) = try payment.position.taking(amount)
        guard missing.isZero else {
            throw SettlementError(.insufficientFunds, "the payment's money is no longer there")
        }
        for (account, part) in sources where account == .merchantBalance(merchant) {
            guard try part.compared(to: balance) != .greater else {
                throw SettlementError(.insufficientFunds, "the merchant's balance does not cover the refund")
            }
        }
        return sources
    }
}
