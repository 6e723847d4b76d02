import Ledger
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
            let transfer = try refund(request, of: payment, for: merchant, id: id, at: now, in: session)
            try keepCases(of: payment, closing: .init(.refunded, object: id.text, at: now), in: session)
            return transfer
        }
    }

    /// Whether an object belongs to a merchant; one without an owner belongs to the operator.
    package func owns(_ merchant: MerchantID, _ owner: MerchantID?) -> Bool {
        (owner ?? operatorMerchant) == merchant
    }

    /// Sets aside the money of a refund, and stores the transfer that is to be sent.
    func refund(
        _ request: RefundRequest,
        of payment: Payment,
        for merchant: MerchantID,
        id: RefundID,
        at now: Timestamp,
        in session: any SQLSession
    ) throws -> OutgoingTransfer {
        let provider = try provider(payment.provider)
        let refunds = try session.refunds(of: payment.id)
        let (measured, quote) = try measure(request.measure, of: payment, at: now, in: session)
        if let reference = request.providerReference {
            try check(reference, of: payment, for: merchant, in: session)
            if let reported = try reported(measured, of: payment, among: refunds, at: provider) {
                return try name(reported, reference, in: session)
            }
        }
        let wanted = try refundable(
            payment,
            amount: measured,
            refunds: refunds,
            at: provider,
            isMade: request.providerReference != nil
        )
        if let reference = request.providerReference {
            return try record(
                reference,
                wanted,
                of: payment,
                request.reason,
                for: merchant,
                id: id,
                at: now,
                in: session
            )
        }
        let destination = payment.refundTarget ?? ""
        try check(destination: destination, for: wanted.asset, at: provider, in: session)
        let comment = provider.capabilities.refunds == .partial ? "Refund \(id.text)" : nil
        let order = TransferOrder(id: id.text, amount: wanted, destination: destination, comment: comment)
        let cost = try cost(of: order, request.onHighFee, at: provider, now: now)
        if cost.prospect == .refused { throw try refusal(cost) }
        let sources = try sources(of: wanted, of: payment, for: merchant, in: session)
        var status = PayoutStateMachine()
        do throws(PaymentsError) { _ = try status.apply(.approved) } catch { throw SettlementError(error) }
        let transfer = OutgoingTransfer(
            purpose: .refund(id, of: payment.id),
            merchant: merchant,
            provider: provider.key,
            amount: wanted,
            destination: destination,
            comment: comment,
            reason: request.reason,
            quote: quote,
            status: status,
            createdAt: now
        )
        try session.insert(transfer)
        try reserve(transfer, from: sources, at: now, in: session)
        try announce(.created, transfer, at: now, in: session)
        return transfer
    }

    /// The amount to return, after every check.
    private func refundable(
        _ payment: Payment,
        amount: Amount?,
        refunds: [OutgoingTransfer],
        at provider: any PaymentProvider,
        isMade: Bool
    ) throws -> Amount {
        guard payment.state == .final else {
            throw SettlementError(.invalidState, "a payment that is \(payment.state.rawValue) cannot be returned yet")
        }
        let isElsewhere = provider.capabilities.refunds == .elsewhere
        guard isMade || !isElsewhere && provider.send != nil else {
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
        let live = refunds.filter { $0.status.state != .failed && $0.status.state != .cancelled }
        let returned = try Amount.sum(live.map(\.amount), asset: asset)
        let rest = try payment.amount.subtracting(returned)
        guard rest.isPositive else { throw SettlementError(.invalidState, "the payment has been returned already") }
        let wanted = amount ?? rest
        guard wanted.asset == asset else {
            throw SettlementError(.invalidRequest, "the payment is in \(asset)", parameter: "amount")
        }
        guard wanted.isPositive else {
            throw SettlementError(.invalidRequest, "the amount has to be more than zero", parameter: "amount")
        }
        guard try wanted.compared(to: rest) != .greater else {
            throw SettlementError(.amountTooLarge, "more than what is left of the payment", parameter: "amount")
        }
        if provider.capabilities.refunds == .full, wanted != payment.amount {
            throw SettlementError(.unsupported, "this rail returns whole payments only", parameter: "amount")
        }
        return wanted
    }

    /// The accounts that an amount of a payment is taken from.
    func sources(
        of amount: Amount,
        of payment: Payment,
        for merchant: MerchantID,
        in session: any SQLSession
    ) throws -> [(account: AccountID, amount: Amount)] {
        if payment.classification == .partial, let invoice = try payment.invoice.flatMap(session.invoice),
            invoice.status.state == .processing
        {
            throw SettlementError(.invalidState, "the invoice still waits for the rest; cancel or let it expire first")
        }
        let (sources, missing) = try position(of: payment, in: session).taking(amount)
        guard missing.isZero else {
            throw SettlementError(.insufficientFunds, "the payment's money is no longer there")
        }
        for (account, part) in sources where account == .merchantBalance(merchant) {
            let balance = try session.balance(account, of: merchant, asset: part.asset).negated()
            guard try part.compared(to: balance) != .greater else {
                throw SettlementError(.insufficientFunds, "the merchant's balance does not cover the refund")
            }
        }
        return sources
    }
}
