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
    /// Whether options have accounts of their own, whose money is gathered.
    let isGathered: Bool
    /// Whether the rail asks before it takes money.
    let asksFirst: Bool
    /// For how long after its end an invoice is settled by a payment.
    let graceAfterExpiry: Duration
    let now: Timestamp
    let identifiers: IdentifierSource

    /// A payment that belongs to no invoice, or not to the one that it names: the money waits, with a case.
    func hold(
        _ arrival: Arrival,
        because finding: (reason: ExceptionCase.Reason, detail: String)? = nil
    ) throws -> Decision {
        try keep(arrival, .unmatched, for: nil, onto: .suspense(provider), because: finding)
    }

    /// A payment that names an option of an invoice.
    ///
    /// - Throws: `MoneyError` and `PaymentsError` when the amounts cannot be booked.
    func decide(_ arrival: Arrival, on snapshot: PaymentSnapshot) throws -> Decision {
        let (transfer, invoice) = (arrival.transfer, snapshot.found.invoice)
        var before = preparation(of: arrival, on: snapshot)
        guard transfer.amount.asset == snapshot.option.due.asset else {
            let match = Match(snapshot, option: snapshot.option)
            return try keep(arrival, .wrongAsset, for: match, onto: .wrongAsset(invoice.merchant), after: before)
        }
        if let stranger = stranger(in: arrival, paying: invoice) {
            return try keep(
                arrival,
                .unmatched,
                for: nil,
                onto: .suspense(provider),
                because: stranger,
                after: before
            )
        }
        let due = try snapshot.terms.due(for: snapshot.option.due, shippedBy: transfer.shippingOption)
        let match = Match(snapshot, option: snapshot.option.costing(due))
        let worth = try match.worth(of: transfer)
        // A payment for goods that others have bought meanwhile is late, as after the invoice's end.
        let isInTime = arrival.madeAt <= invoice.expiresAt.advanced(by: graceAfterExpiry) && !snapshot.isGone
        var updated = invoice
        let action = try updated.status.apply(.received(value: worth.value, isInTime: isInTime))
        if case .settle = action { updated.settledAt = now }
        before.append(.invoice(updated, from: invoice))
        if case .settle = action { before.append(.sale(updated)) }
        // A settled invoice is not approved again; for any other, the next form may be paid.
        if asksFirst, updated.status.state != .settled { before.append(.released(invoice.id)) }
        let after = followUp(action, arrival, on: snapshot, now: updated)
        return try follow(action, arrival, worth, match, after: before, then: after)
    }

    /// What is stored whatever the payment counts for.
    private func preparation(of arrival: Arrival, on snapshot: PaymentSnapshot) -> [Change] {
        let (named, option) = (snapshot.found.option, snapshot.option)
        let merchant = snapshot.found.invoice.merchant
        var changes: [Change] = []
        if option.renewals != named.renewals { changes.append(.renewedQuote(option, from: named, of: merchant)) }
        if isGathered, let reference = arrival.transfer.reference {
            changes.append(.holding(account: reference.value, at: option, of: merchant))
        }
        return changes
    }

    /// What follows from the invoice's new state.
    private func followUp(
        _ action: InvoiceStateMachine.Action,
        _ arrival: Arrival,
        on snapshot: PaymentSnapshot,
        now updated: Invoice
    ) -> [Change] {
        let (found, transfer) = (snapshot.found, arrival.transfer)
        var changes: [Change] = []
        if updated.status.state != found.invoice.status.state { changes.append(.toldProgress(found)) }
        if case .settle = action, let subscription = found.invoice.subscription {
            let until = transfer.paidUntil ?? transfer.occurredAt.advanced(by: Subscription.period)
            let paid = SubscriptionStatus.Event.paid(
                payer: transfer.payer,
                charge: transfer.refundTarget,
                until: until
            )
            changes.append(.subscription(subscription, paid, of: arrival.madeAt))
        }
        return changes
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

    private func follow(
        _ action: InvoiceStateMachine.Action,
        _ arrival: Arrival,
        _ worth: Match.Worth,
        _ match: Match,
        after: [Change],
        then: [Change]
    ) throws -> Decision {
        let merchant = match.merchant
        func keep(_ classification: Payment.Classification, onto account: AccountID) throws -> Decision {
            try self.keep(arrival, classification, for: match, onto: account, worth.value, after: after, then: then)
        }
        switch action {
        case .hold: return try keep(.partial, onto: .customerClearing(merchant))
        case .settle(let excess): return try settle(arrival, worth, excess: excess, match, after: after, then: then)
        case .openLate: return try keep(.late, onto: .latePayments(merchant))
        case .openRepeated: return try keep(.repeated, onto: .repeatedPayments(merchant))
        case .openUnderpaid, .announceExpired, .announceCancelled, .announceProcessing, .announceSettled, .reopen,
            .none:
            throw SettlementError(.invalidState, "a payment cannot lead to \(action)")
        }
    }

    /// A payment that does not settle its invoice: it waits on an account that names the reason.
    private func keep(
        _ arrival: Arrival,
        _ classification: Payment.Classification,
        for match: Match?,
        onto holding: AccountID,
        _ value: Amount? = nil,
        because finding: (reason: ExceptionCase.Reason, detail: String)? = nil,
        after: [Change] = [],
        then: [Change] = []
    ) throws -> Decision {
        let transfer = arrival.transfer
        let payment = payment(arrival, classification, for: match, value: value)
        let postings = try Bookkeeping.move(transfer.amount, from: arrival.source, to: holding)
        var changes = after + stored(payment, arrival, .paymentHeld, postings)
        if let reason = finding?.reason ?? ExceptionCase.Reason(classification) {
            changes.append(
                .openedCase(
                    ExceptionCase(
                        id: identifiers.next(),
                        reason: reason,
                        merchant: match?.merchant,
                        invoice: match?.invoice.id,
                        payment: payment.id,
                        amount: transfer.amount,
                        openedAt: now,
                        detail: finding?.detail
                    )
                )
            )
        }
        return Decision(recorded: .payment(payment.id, classification), changes: changes + then)
    }

    /// A payment that settles its invoice, with the earlier parts, less what is more than the price.
    private func settle(
        _ arrival: Arrival,
        _ worth: Match.Worth,
        excess: Amount,
        _ match: Match,
        after: [Change],
        then: [Change]
    ) throws -> Decision {
        let (transfer, merchant, books) = (arrival.transfer, match.merchant, match.books)
        let needed = try match.option.cost(of: worth.value.subtracting(excess))
        let rest = try transfer.amount.subtracting(needed).subtracting(worth.tip)
        let surplus = rest.isPositive ? rest : .zero(rest.asset)
        let payment = payment(arrival, surplus.isZero ? .exact : .over, for: match, value: worth.value)
        // Each payment has a ledger transaction of its own, so that a refund finds where its money is.
        let earned = try books.settle(transfer.amount, excess: surplus, from: arrival.source, to: merchant)
        var changes = after + stored(payment, arrival, .invoiceSettled, earned, telling: false)
        for part in match.parts {
            let nothing = Amount.zero(part.amount.asset)
            let rest = try books.settle(part.amount, excess: nothing, from: .customerClearing(merchant), to: merchant)
            changes.append(.moved(part.id, by: plan(.invoiceSettled, part, at: transfer.occurredAt, rest)))
        }
        changes.append(.toldPayment(payment))
        changes += match.orphans.map { .closedCase($0, .init(.superseded, at: now)) }
        if !surplus.isZero {
            changes.append(
                .openedCase(
                    ExceptionCase(
                        id: identifiers.next(),
                        reason: .overpaid,
                        merchant: merchant,
                        invoice: match.invoice.id,
                        payment: payment.id,
                        amount: surplus,
                        openedAt: now
                    )
                )
            )
        }
        return Decision(recorded: .payment(payment.id, payment.classification), changes: changes + then)
    }

    private func stored(
        _ payment: Payment,
        _ arrival: Arrival,
        _ kind: LedgerTransaction.Kind,
        _ postings: [Posting],
        telling: Bool = true
    ) -> [Change] {
        let transfer = arrival.transfer
        let changes: [Change] = [
            .payment(payment, replacing: arrival.stored, told: transfer.personalData),
            .ledger(plan(kind, payment, at: transfer.occurredAt, postings)),
        ]
        return telling ? changes + [.toldPayment(payment)] : changes
    }

    private func plan(
        _ kind: LedgerTransaction.Kind,
        _ payment: Payment,
        at moment: Timestamp,
        _ postings: [Posting]
    ) -> LedgerPlan {
        LedgerPlan(kind: kind, booking: .payment(payment), occurredAt: moment, postings: postings)
    }

    private func payment(
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
