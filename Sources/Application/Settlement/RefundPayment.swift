package import Money
package import Payments
import Providers
import Seams
import Storage

/// A merchant's request for a refund.
///
/// One value instead of several arguments: Swift 6.3.1 miscompiles an async function whose 128-bit arguments do not fit
/// the registers, so that it jumps to an invalid address when it suspends.
package struct RefundRequest: Sendable {
    /// The payment.
    package let payment: PaymentID
    /// How the amount is found.
    package let measure: RefundMeasure
    /// Why, in the merchant's words.
    package let reason: String?
    /// The payment provider's own number of a refund that was made there; nil: the refund is made by us.
    package let providerReference: String?
    /// What is done while the network's fee is too high.
    package let onHighFee: HighFeeChoice

    /// A request to return a payment, or to book a refund that was made at the payment provider.
    package init(
        payment: PaymentID,
        measure: RefundMeasure,
        reason: String?,
        providerReference: String? = nil,
        onHighFee: HighFeeChoice = .refuse
    ) {
        self.payment = payment
        self.measure = measure
        self.reason = reason
        self.providerReference = providerReference
        self.onHighFee = onHighFee
    }

    /// A request to return an amount in the payment's asset; nil: all that has not been returned.
    package init(payment: PaymentID, amount: Amount?, reason: String?) {
        self.init(payment: payment, measure: .paid(amount), reason: reason)
    }
}

/// How the amount of a refund is found.
package enum RefundMeasure: Hashable, Sendable {
    /// An amount of the payment's asset; nil: all that has not been returned.
    case paid(Amount?)
    /// A part of the invoice's price at the rate of the payment; nil: the payment's whole value.
    case originalRate(Amount?)
    /// A part of the invoice's price at the current rate; nil: the payment's whole value.
    case currentRate(Amount?)
    /// The surplus of an overpayment, while it waits.
    case overpaid
}

extension Settlement {
    /// Requests a refund of a payment, in full or in part; the money is set aside at once.
    ///
    /// A repeated call with the same identifier returns the existing refund. A worker sends it.
    ///
    /// - Throws: ``SettlementError``; with ``SettlementError/Code/notFound`` also for another merchant's payment.
    /// - Returns: the refund.
    package func requestRefund(
        _ request: RefundRequest,
        by merchant: MerchantID,
        id: RefundID
    ) async throws -> OutgoingTransfer {
        let now = clock.now()
        return try await write(for: merchant) { session in
            if let existing = try session.outgoing(id.text) { return existing }
            guard let payment = try session.payment(request.payment), owns(merchant, payment.merchant) else {
                throw SettlementError(.notFound, "there is no payment \(request.payment)")
            }
            var draft = try draft(about: [merchant], at: now, in: session)
            draft.include(try BookedPayment(payment, in: session))
            let transfer = try refund(request, for: merchant, id: id, into: &draft, session)
            try draft.updateCases(of: payment.id, closing: .init(.refunded, object: id.text, at: now))
            return try applier(at: now, in: session).apply(draft.decided(transfer))
        }
    }

    /// Whether an object belongs to a merchant; one without an owner belongs to the operator.
    package func owns(_ merchant: MerchantID, _ owner: MerchantID?) -> Bool {
        (owner ?? operatorMerchant) == merchant
    }

    /// Decides about a refund of a payment that a draft has taken in: what has to be read is read, nothing is written.
    func refund(
        _ request: RefundRequest,
        for merchant: MerchantID,
        id: RefundID,
        into draft: inout Draft,
        _ session: any SQLSession
    ) throws -> OutgoingTransfer {
        guard let booked = draft.payments[request.payment] else {
            throw SettlementError(.notFound, "there is no payment \(request.payment)")
        }
        let (payment, provider) = (booked.payment, try provider(booked.payment.provider))
        let (measured, quote) = try measure(request.measure, of: booked, at: draft.now, in: session)
        let rules = RefundRules(
            payment: booked,
            merchant: merchant,
            capabilities: provider.capabilities,
            isSending: provider.send != nil,
            isWaitingForRest: try isWaitingForRest(payment, in: session),
            balance: try session.balance(.merchantBalance(merchant), of: merchant, asset: payment.amount.asset)
                .negated()
        )
        if let reference = request.providerReference {
            try check(reference, of: payment, for: merchant, in: session)
            if let reported = try rules.reported(measured) { return draft.number(reported, as: reference) }
            let wanted = try rules.amount(measured, isMade: true)
            return try rules.record(reference, wanted, request.reason, id: id, in: &draft)
        }
        let wanted = try rules.amount(measured, isMade: false)
        let destination = payment.refundTarget ?? ""
        try check(destination: destination, for: wanted.asset, at: provider, in: session)
        let order = TransferOrder(id: id.text, amount: wanted, destination: destination, comment: rules.comment(of: id))
        let cost = try cost(of: order, request.onHighFee, at: provider, now: draft.now)
        if cost.prospect == .refused { throw try refusal(cost) }
        return try rules.request(wanted, by: quote, request.reason, id: id, in: &draft)
    }

    /// Whether a payment is a part of an invoice that still waits for the rest.
    private func isWaitingForRest(_ payment: Payment, in session: any SQLSession) throws -> Bool {
        guard payment.classification == .partial, let invoice = try payment.invoice.flatMap(session.invoice) else {
            return false
        }
        return invoice.status.state == .processing
    }
}
