import Ledger
import Money
import Payments
import Providers
import Seams
import Storage

/// Decides what a payment changes: a function of what was read, without a database.
struct PaymentRules {
    /// The provider that has seen the payment.
    let provider: String
    let rail: Rail
    /// The terms of an option: what may be paid besides its price.
    let terms: @Sendable (PaymentOption) -> OptionTerms
    /// Whether options have accounts of their own, whose money is gathered.
    let hasAccountsOfOptions: Bool
    /// Whether the rail asks before it takes money.
    let asksBeforeTaking: Bool
    /// For how long after its end an invoice is settled by a payment.
    let graceAfterExpiry: Duration

    /// Counts a payment for what it pays.
    ///
    /// - Throws: `MoneyError` and `PaymentsError` when the amounts cannot be booked.
    /// - Returns: what became of it.
    func receive(_ arrival: Arrival, for target: PaymentTarget, in draft: inout Draft) throws -> RecordedObservation {
        switch target {
        case .nobody(let finding):
            // The money waits, with a case.
            return try hold(arrival, .unmatched, for: nil, onto: .suspense(provider), because: finding, in: &draft)
        case .invoice(let snapshot): return try count(arrival, on: snapshot, in: &draft)
        case .sale(let sale):
            let (invoice, option) = sale.opened(for: arrival, by: self, in: draft)
            draft.open(invoice, with: option)
            let found = OptionMatch(option, of: invoice, by: sale.merchant)
            return try count(arrival, on: PaymentSnapshot(found, option: option, terms: terms(option)), in: &draft)
        }
    }

    /// Counts a payment that was taken back, and is there again, as if it came now; its refunds take from where its
    /// money is then, so that a customer who was refunded is not refunded twice.
    func bringBack(_ arrival: Arrival, for target: PaymentTarget, in draft: inout Draft) throws -> RecordedObservation {
        draft.closeCases(of: arrival.id, .init(.superseded, at: draft.now))
        return try draft.move(arrival.id) { try receive(arrival, for: target, in: &$0) }
    }

    /// Counts a payment that waits unmatched for the invoice that it is assigned to.
    func assign(
        _ arrival: Arrival,
        to invoice: InvoiceID,
        note: String?,
        for target: PaymentTarget,
        in draft: inout Draft
    ) throws -> RecordedObservation {
        draft.closeCases(of: arrival.id, .init(.assigned, object: invoice.text, note: note, at: draft.now))
        return try receive(arrival, for: target, in: &draft)
    }

    /// Counts a payment that names an option of an invoice.
    func count(_ arrival: Arrival, on snapshot: PaymentSnapshot, in draft: inout Draft) throws -> RecordedObservation {
        let (transfer, invoice) = (arrival.transfer, snapshot.invoice)
        for part in snapshot.parts { draft.include(part) }
        prepare(arrival, on: snapshot, in: &draft)
        guard transfer.amount.asset == snapshot.option.due.asset else {
            let match = Match(snapshot, option: snapshot.option)
            return try hold(arrival, .wrongAsset, for: match, onto: .wrongAsset(invoice.merchant), in: &draft)
        }
        if let stranger = stranger(in: arrival, paying: invoice) {
            return try hold(arrival, .unmatched, for: nil, onto: .suspense(provider), because: stranger, in: &draft)
        }
        let due = try snapshot.terms.due(for: snapshot.option.due, shippedBy: transfer.shippingOption)
        let match = Match(snapshot, option: snapshot.option.costing(due))
        let worth = try match.worth(of: transfer)
        // A payment for goods that others have bought meanwhile is late, as after the invoice's end.
        let isInTime = arrival.madeAt <= invoice.expiresAt.advanced(by: graceAfterExpiry) && !snapshot.isGone
        var updated = invoice
        let action = try updated.status.apply(.received(value: worth.value, isInTime: isInTime))
        if case .settle = action { updated.settledAt = draft.now }
        updated = draft.update(updated, from: invoice)
        if case .settle = action { draft.add(.order(.sale(updated))) }
        // A settled invoice is not approved again; for any other, the next form may be paid.
        if asksBeforeTaking, updated.status.state != .settled { draft.add(.order(.released(invoice.id))) }
        let recorded = try book(arrival, by: action, worth, match, in: &draft)
        if updated.status.state != invoice.status.state { draft.tell(.progress(snapshot.found, now: updated)) }
        if case .settle = action { extendSubscription(of: invoice, by: arrival, in: &draft) }
        return recorded
    }

    /// Changes what follows whatever the payment counts for.
    private func prepare(_ arrival: Arrival, on snapshot: PaymentSnapshot, in draft: inout Draft) {
        let (named, option) = (snapshot.found.option, snapshot.option)
        let merchant = snapshot.invoice.merchant
        if option.renewals != named.renewals {
            draft.add(.order(.renewedQuote(option, from: named, of: merchant)))
        }
        if hasAccountsOfOptions, let reference = arrival.transfer.reference {
            draft.add(.order(.holding(account: reference.value, at: option, of: merchant)))
        }
    }

    private func extendSubscription(of invoice: Invoice, by arrival: Arrival, in draft: inout Draft) {
        guard let subscription = invoice.subscription else { return }
        let transfer = arrival.transfer
        let until = transfer.paidUntil ?? transfer.occurredAt.advanced(by: Subscription.period)
        let paid = SubscriptionStatus.Event.paid(payer: transfer.payer, charge: transfer.refundTarget, until: until)
        draft.add(.order(.subscription(subscription, paid, of: arrival.madeAt)))
    }

    /// The finding about a payment by another customer than the one who alone may pay; nil when the payer may pay.
    ///
    /// The payment stays unmatched until a person assigns it. Only a rail that asks first identifies payers by the
    /// numbers that merchants name.
    private func stranger(in arrival: Arrival, paying invoice: Invoice) -> PaymentTarget.Finding? {
        guard asksBeforeTaking, arrival.stored == nil, let owner = invoice.payer, let payer = arrival.transfer.payer,
            payer != String(owner)
        else { return nil }
        return (.unmatched, "\(payer) has paid \(invoice.id) of \(invoice.merchant), which is for \(owner) alone")
    }

    /// Books a payment as the invoice's state machine says.
    private func book(
        _ arrival: Arrival,
        by action: InvoiceStateMachine.Action,
        _ worth: Match.Worth,
        _ match: Match,
        in draft: inout Draft
    ) throws -> RecordedObservation {
        let (merchant, value) = (match.merchant, worth.value)
        func hold(_ kind: Payment.Classification, onto account: AccountID) throws -> RecordedObservation {
            try self.hold(arrival, kind, for: match, onto: account, value, in: &draft)
        }
        switch action {
        case .hold: return try hold(.partial, onto: .customerClearing(merchant))
        case .settle(let excess): return try settle(arrival, worth, excess: excess, match, in: &draft)
        case .openLate: return try hold(.late, onto: .latePayments(merchant))
        case .openRepeated: return try hold(.repeated, onto: .repeatedPayments(merchant))
        case .openUnderpaid, .announceExpired, .announceCancelled, .announceProcessing, .announceSettled, .reopen,
            .none:
            throw SettlementError(.invalidState, "a payment cannot lead to \(action)")
        }
    }

    /// A payment that does not settle its invoice waits on an account that names the reason.
    private func hold(
        _ arrival: Arrival,
        _ classification: Payment.Classification,
        for match: Match?,
        onto holding: AccountID,
        _ value: Amount? = nil,
        because finding: PaymentTarget.Finding? = nil,
        in draft: inout Draft
    ) throws -> RecordedObservation {
        let transfer = arrival.transfer
        let payment = payment(arrival, classification, for: match, value: value, now: draft.now)
        let postings = try Bookkeeping.move(transfer.amount, from: arrival.source, to: holding)
        draft.store(payment, replacing: arrival.stored, told: transfer.personalData)
        try draft.post(.paymentHeld, of: .payment(payment), at: transfer.occurredAt, postings)
        draft.tell(.payment(payment))
        if let reason = finding?.reason ?? ExceptionCase.Reason(classification) {
            draft.open(
                ExceptionCase(
                    id: draft.planner.identifiers.next(),
                    reason: reason,
                    merchant: match?.merchant,
                    invoice: match?.invoice.id,
                    payment: payment.id,
                    amount: transfer.amount,
                    openedAt: draft.now,
                    detail: finding?.detail
                )
            )
        }
        return .payment(payment.id, classification)
    }

    /// A payment that settles its invoice, with the earlier parts, less what is more than the price.
    private func settle(
        _ arrival: Arrival,
        _ worth: Match.Worth,
        excess: Amount,
        _ match: Match,
        in draft: inout Draft
    ) throws -> RecordedObservation {
        let (transfer, merchant, books) = (arrival.transfer, match.merchant, match.books)
        let needed = try match.option.cost(of: worth.value.subtracting(excess))
        let rest = try transfer.amount.subtracting(needed).subtracting(worth.tip)
        let surplus = rest.isPositive ? rest : .zero(rest.asset)
        let kind: Payment.Classification = surplus.isZero ? .exact : .over
        let payment = payment(arrival, kind, for: match, value: worth.value, now: draft.now)
        // Each payment has a ledger transaction of its own, so that a refund finds where its money is.
        let earned = try books.settle(transfer.amount, excess: surplus, from: arrival.source, to: merchant)
        draft.store(payment, replacing: arrival.stored, told: transfer.personalData)
        try draft.post(.invoiceSettled, of: .payment(payment), at: transfer.occurredAt, earned)
        for part in match.parts {
            let nothing = Amount.zero(part.amount.asset)
            let rest = try books.settle(part.amount, excess: nothing, from: .customerClearing(merchant), to: merchant)
            _ = try draft.move(part.id) {
                try $0.post(.invoiceSettled, of: .payment(part), at: transfer.occurredAt, rest)
            }
        }
        draft.tell(.payment(payment))
        for orphan in match.orphans { draft.close(orphan, .init(.superseded, at: draft.now)) }
        if !surplus.isZero {
            draft.open(
                ExceptionCase(
                    id: draft.planner.identifiers.next(),
                    reason: .overpaid,
                    merchant: merchant,
                    invoice: match.invoice.id,
                    payment: payment.id,
                    amount: surplus,
                    openedAt: draft.now
                )
            )
        }
        return .payment(payment.id, payment.classification)
    }

    private func payment(
        _ arrival: Arrival,
        _ classification: Payment.Classification,
        for match: Match?,
        value: Amount?,
        now: Timestamp
    ) -> Payment {
        let transfer = arrival.transfer
        var payment = Payment(
            id: arrival.id,
            invoice: match?.invoice.id,
            option: match?.option.id,
            merchant: match?.merchant,
            rail: rail,
            provider: provider,
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
