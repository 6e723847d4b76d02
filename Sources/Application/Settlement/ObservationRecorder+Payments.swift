import Ledger
import Money
import Payments
import Providers
import Records
import Seams
import Storage

/// Records incoming transfers as payments.
extension ObservationRecorder {
    /// A transfer that is new, and the identifier of the payment that it becomes.
    struct Arrival {
        let id: PaymentID
        let transfer: IncomingTransfer
        /// The account that the money comes from: the rail's, or suspense when a recorded payment is claimed.
        let source: AccountID
        /// The payment as it is stored, when it was recorded before.
        let stored: Payment?
        /// When the customer paid, by the rail's clock.
        let madeAt: Timestamp
    }

    /// Counts a transfer for the invoice, subscription or paid media that its reference names.
    func receive(
        _ arrival: Arrival,
        matching match: OptionMatch?,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        guard let match else {
            if let sold = try sellMedia(by: arrival, in: session) { return sold }
            if let foreign = try keepForeign(arrival, in: session) { return foreign }
            return try keep(arrival, .unmatched, for: nil, onto: .suspense(providerKey), in: session)
        }
        let invoice = match.invoice
        if let subscription = invoice.subscription, invoice.status.state == .settled {
            return try renew(subscription, by: arrival, like: match.option, in: session)
        }
        return try receive(arrival, for: match, in: session)
    }

    /// Counts a transfer for the invoice whose option it names.
    func receive(
        _ arrival: Arrival,
        for found: OptionMatch,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        let transfer = arrival.transfer
        let (named, invoice) = (found.option, found.invoice)
        let option = try quoted(named, of: invoice.merchant, paidAt: arrival.madeAt, in: session)
        if isGathered, let reference = transfer.reference {
            try session.insertHoldingAccount(
                provider: providerKey,
                account: reference.value,
                option: option.id,
                of: invoice.merchant
            )
        }
        var match = Match(found, paying: option)
        guard transfer.amount.asset == option.due.asset else {
            return try keep(arrival, .wrongAsset, for: match, onto: .wrongAsset(invoice.merchant), in: session)
        }
        if let stranger = stranger(in: arrival, paying: invoice) {
            let suspense = AccountID.suspense(providerKey)
            return try keep(arrival, .unmatched, for: nil, onto: suspense, because: stranger, in: session)
        }
        let terms = terms(option)
        match.option = option.costing(try terms.due(for: option.due, shippedBy: transfer.shippingOption))
        let (value, tip) = try share(of: transfer, paying: match, besidePriceOf: option, under: terms, in: session)
        var updated = invoice
        let deadline = invoice.expiresAt.advanced(by: graceAfterExpiry)
        // A payment for goods that others have bought meanwhile is late, as after the invoice's end.
        let isInTime = try arrival.madeAt <= deadline && !settlement.isGone(for: invoice, in: session)
        let action = try updated.status.apply(.received(value: value, isInTime: isInTime))
        if case .settle = action { updated.settledAt = now }
        try session.update(&updated, from: invoice)
        if case .settle = action { try settlement.noteSale(of: updated, in: session) }
        match.invoice = updated
        // A settled invoice is not approved again; for any other, the next form may be paid.
        if asksFirst, updated.status.state != .settled { try session.release(invoice.id) }
        let result = try follow(action, arrival, value: value, tip: tip, match, in: session)
        if updated.status.state != invoice.status.state {
            let moved = try InvoiceWithOptions(found, now: updated, in: session)
            try settlement.announceProgress(of: moved, at: now, in: session)
        }
        if case .settle = action, let subscription = invoice.subscription {
            let until = transfer.paidUntil ?? transfer.occurredAt.advanced(by: Subscription.period)
            let paid = SubscriptionStatus.Event.paid(
                payer: transfer.payer,
                charge: transfer.refundTarget,
                until: until
            )
            try settlement.advance(subscription, by: paid, of: arrival.madeAt, at: now, in: session)
        }
        return result
    }

    /// The option at the quote that held when it was paid; a renewed quote still holds for payments before its end.
    ///
    /// When no quote holds any more, the option is renewed and the payment counts at the current rate: an old price
    /// does not hold merely because nobody renewed it. A rail that asks first has approved its quote.
    private func quoted(
        _ named: PaymentOption,
        of merchant: MerchantID,
        paidAt moment: Timestamp,
        in session: any SQLSession
    ) throws -> PaymentOption {
        let option =
            named.renewals == 0 ? named : named.held(at: moment, past: try session.pastQuotes(of: named.id))
        guard !asksFirst, option.hasEnded(before: moment),
            let found = try? settlement.due(for: option.price, in: option.due.asset, settings: option.settings, now),
            let quote = found.1
        else { return option }
        let renewed = option.renewed(
            due: found.0,
            quote: quote,
            instruction: option.instruction,
            reference: option.reference
        )
        return try session.renew(renewed, from: option, of: merchant) ? renewed : option
    }

    /// The finding about a payment by another customer than the one who alone may pay; nil when the payer may pay.
    ///
    /// The payment stays unmatched until a person assigns it. Only a rail that asks first identifies payers by the
    /// numbers that merchants name.
    private func stranger(
        in arrival: Arrival,
        paying invoice: Invoice
    ) -> (reason: ExceptionCase.Reason, detail: String)? {
        guard asksFirst, arrival.stored == nil, let owner = invoice.payer, let payer = arrival.transfer.payer,
            payer != String(owner)
        else { return nil }
        return (.unmatched, "\(payer) has paid \(invoice.id) of \(invoice.merchant), which is for \(owner) alone")
    }

    struct Match {
        /// The option as it was paid: with what was due for the price.
        var option: PaymentOption
        var invoice: Invoice
        let hasOpenCases: Bool
        let books: Bookkeeping
        var merchant: MerchantID { invoice.merchant }

        init(_ found: OptionMatch, paying option: PaymentOption) {
            self.option = option
            invoice = found.invoice
            hasOpenCases = found.hasOpenCases
            books = Bookkeeping(feeBasisPoints: found.merchant.feeBasisPoints)
        }
    }

    private func follow(
        _ action: InvoiceStateMachine.Action,
        _ arrival: Arrival,
        value: Amount,
        tip: Amount,
        _ match: Match,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        let merchant = match.merchant
        switch action {
        case .hold:
            return try keep(arrival, .partial, for: match, onto: .customerClearing(merchant), value, in: session)
        case .settle(let excess):
            return try settle(arrival, value: value, excess: excess, tip: tip, match, in: session)
        case .openLate:
            return try keep(arrival, .late, for: match, onto: .latePayments(merchant), value, in: session)
        case .openRepeated:
            return try keep(arrival, .repeated, for: match, onto: .repeatedPayments(merchant), value, in: session)
        case .openUnderpaid, .announceExpired, .announceCancelled, .announceProcessing, .announceSettled, .reopen,
            .none:
            throw SettlementError(.invalidState, "a payment cannot lead to \(action)")
        }
    }

    /// Stores a payment that does not settle its invoice: it waits on an account that names the reason.
    func keep(
        _ arrival: Arrival,
        _ classification: Payment.Classification,
        for match: Match?,
        onto holding: AccountID,
        _ value: Amount? = nil,
        because finding: (reason: ExceptionCase.Reason, detail: String)? = nil,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        let transfer = arrival.transfer
        let payment = makePayment(arrival, classification, for: match, value: value)
        try store(payment, arrival, in: session)
        let postings = try Bookkeeping.move(transfer.amount, from: arrival.source, to: holding)
        try settlement.post(.paymentHeld, of: .payment(payment), at: transfer.occurredAt, postings, in: session)
        try settlement.announce(payment, at: now, in: session)
        if let reason = finding?.reason ?? ExceptionCase.Reason(classification) {
            let invoice = match?.invoice.id
            try openCase(
                reason,
                of: match?.merchant,
                invoice: invoice,
                payment: payment.id,
                transfer.amount,
                detail: finding?.detail,
                in: session
            )
        }
        return .payment(payment.id, classification)
    }

    private func settle(
        _ arrival: Arrival,
        value: Amount,
        excess: Amount,
        tip: Amount,
        _ match: Match,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        let (transfer, merchant) = (arrival.transfer, match.merchant)
        let needed = try match.option.cost(of: value.subtracting(excess))
        let rest = try transfer.amount.subtracting(needed).subtracting(tip)
        let surplus = rest.isPositive ? rest : .zero(rest.asset)
        let payment = makePayment(arrival, surplus.isZero ? .exact : .over, for: match, value: value)
        // Earlier partial payments still wait, also those in another asset whose value was less than a unit of the
        // price.
        let isFirst = match.invoice.status.received == value && match.option.due == match.option.price
        let held =
            isFirst
            ? []
            : try session.payments(of: match.invoice.id).filter { part in
                part.classification == .partial && part.state == .final
            }
        try store(payment, arrival, in: session)
        let books = match.books
        // Each payment has a ledger transaction of its own, so that a refund finds where its money is.
        let earned = try books.settle(transfer.amount, excess: surplus, from: arrival.source, to: merchant)
        try settlement.post(.invoiceSettled, of: .payment(payment), at: transfer.occurredAt, earned, in: session)
        for part in held {
            let nothing = Amount.zero(part.amount.asset)
            let rest = try books.settle(part.amount, excess: nothing, from: .customerClearing(merchant), to: merchant)
            try settlement.move(part.id, at: now, in: session) {
                try settlement.post(.invoiceSettled, of: .payment(part), at: transfer.occurredAt, rest, in: session)
            }
        }
        try settlement.announce(payment, at: now, in: session)
        if match.hasOpenCases { try closeOrphans(of: match.invoice.id, in: session) }
        if !surplus.isZero {
            let invoice = match.invoice.id
            try openCase(.overpaid, of: merchant, invoice: invoice, payment: payment.id, surplus, in: session)
        }
        return .payment(payment.id, payment.classification)
    }

    /// Closes the cases of undone payments of an invoice that has been paid again.
    ///
    /// The refund of a payment that never comes back is a loss, and its case stays open for a person.
    private func closeOrphans(of invoice: InvoiceID, in session: any SQLSession) throws {
        for orphaned in try session.openCases(of: invoice) where orphaned.reason == .orphaned {
            let refunds = try orphaned.payment.map(session.refunds) ?? []
            guard !refunds.contains(where: \.status.state.holdsMoney) else { continue }
            try settlement.close(orphaned, .init(.superseded, at: now), in: session)
        }
    }

    private func store(_ payment: Payment, _ arrival: Arrival, in session: any SQLSession) throws {
        if let stored = arrival.stored {
            try session.replace(payment, from: stored)
            try settlement.reseal(stored, for: payment.merchant, in: session)
        } else {
            try session.insert(payment)
        }
        try settlement.keep(arrival.transfer.personalData, of: payment, at: now, in: session)
    }

    private func makePayment(
        _ arrival: Arrival,
        _ classification: Payment.Classification,
        for match: Match?,
        value: Amount?
    ) -> Payment {
        let transfer = arrival.transfer
        var payment = Payment(
            id: arrival.id,
            invoice: match?.invoice.id,
            option: match?.option.id,
            merchant: match?.merchant,
            rail: rail,
            provider: providerKey,
            // A payment that comes back at another place keeps its natural key.
            naturalKey: arrival.stored?.naturalKey ?? transfer.naturalKey,
            amount: transfer.amount,
            value: value,
            quote: value == nil ? nil : match?.option.quote,
            classification: classification,
            payer: transfer.payer,
            refundTarget: transfer.refundTarget,
            evidence: transfer.evidence,
            state: .final,
            occurredAt: transfer.occurredAt,
            recordedAt: arrival.stored?.recordedAt ?? now,
            availableAt: transfer.availableAt
        )
        if let stored = arrival.stored { payment.version = stored.version + 1 }
        return payment
    }

    func openCase(
        _ reason: ExceptionCase.Reason,
        of merchant: MerchantID?,
        invoice: InvoiceID?,
        payment: PaymentID?,
        movement: NaturalKey? = nil,
        evidence: MovementEvidence? = nil,
        _ amount: Amount,
        detail: String? = nil,
        in session: any SQLSession
    ) throws {
        try settlement.open(
            ExceptionCase(
                id: settlement.identifiers.next(),
                reason: reason,
                merchant: merchant,
                invoice: invoice,
                payment: payment,
                movement: movement,
                evidence: evidence,
                amount: amount,
                openedAt: now,
                detail: detail
            ),
            in: session
        )
    }
}

extension ExceptionCase.Reason {
    fileprivate init?(_ classification: Payment.Classification) {
        switch classification {
        case .late: self = .late
        case .repeated: self = .repeated
        case .unmatched: self = .unmatched
        case .wrongAsset: self = .wrongAsset
        // An overpayment opens its case for the surplus only, an underpayment when the invoice's time is over.
        case .exact, .partial, .over: return nil
        }
    }
}
