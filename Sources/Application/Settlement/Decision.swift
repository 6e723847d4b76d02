import Ledger
import Money
import Payments
import Seams
import Storage

/// A ledger transaction to be booked.
struct LedgerPlan {
    let kind: LedgerTransaction.Kind
    let booking: Booking
    let occurredAt: Timestamp
    let postings: [Posting]
}

/// A change that a use case has decided on.
enum Change {
    /// The quote of an option was made anew.
    case renewedQuote(PaymentOption, from: PaymentOption, of: MerchantID)
    /// An account of an option has money that is to be gathered.
    case holding(account: String, at: PaymentOption, of: MerchantID)
    /// An invoice has another state.
    case invoice(Invoice, from: Invoice)
    /// An invoice was sold: its link has one piece less.
    case sale(Invoice)
    /// The next form of an invoice may be paid.
    case released(InvoiceID)
    /// A payment is stored, instead of an earlier state of it when there is one, with the customer's data.
    case payment(Payment, replacing: Payment?, told: PersonalData?)
    /// Money moves.
    case ledger(LedgerPlan)
    /// Money of a payment moves, and its open refunds with it.
    case moved(PaymentID, by: LedgerPlan)
    /// The merchant is told of a payment.
    case toldPayment(Payment)
    /// The merchant is told to which state a payment has moved an invoice.
    case toldProgress(OptionMatch)
    /// A case is opened.
    case openedCase(ExceptionCase)
    /// A case is closed.
    case closedCase(ExceptionCase, ExceptionCase.Resolution)
    /// A subscription has had an event.
    case subscription(SubscriptionID, SubscriptionStatus.Event, of: Timestamp)
}

/// What a use case changes, in the order in which it is written.
///
/// It is decided from what was read, without a database; ``Applier`` alone writes it.
struct Decision {
    /// The result for the caller.
    let recorded: RecordedObservation
    let changes: [Change]
}

/// Writes decisions within a unit of work.
struct Applier {
    let settlement: Settlement
    let now: Timestamp

    /// Writes a decision.
    ///
    /// - Throws: what the database throws; nothing is changed then, because the unit of work ends.
    /// - Returns: the decision's result.
    func apply(_ decision: Decision, in session: any SQLSession) throws -> RecordedObservation {
        // The newest state of the invoices that were written: events show its version.
        var invoices: [InvoiceID: Invoice] = [:]
        for change in decision.changes { try apply(change, &invoices, in: session) }
        return decision.recorded
    }

    private func apply(
        _ change: Change,
        _ invoices: inout [InvoiceID: Invoice],
        in session: any SQLSession
    ) throws {
        switch change {
        case .renewedQuote(let option, let old, let merchant):
            guard try session.renew(option, from: old, of: merchant) else {
                throw SettlementError(.conflict, "the quote of \(old.id) was renewed meanwhile")
            }
        case .holding(let account, let option, let merchant):
            try session.insertHoldingAccount(
                provider: option.provider,
                account: account,
                option: option.id,
                of: merchant
            )
        case .invoice(var invoice, let old):
            try session.update(&invoice, from: old)
            invoices[invoice.id] = invoice
        case .sale(let invoice): try settlement.noteSale(of: invoice, in: session)
        case .released(let invoice): try session.release(invoice)
        case .payment(let payment, let stored, let told):
            try store(payment, replacing: stored, told, in: session)
        case .ledger(let plan): try post(plan, in: session)
        case .moved(let payment, let plan):
            try settlement.move(payment, at: now, in: session) { try post(plan, in: session) }
        case .toldPayment(let payment): try settlement.announce(payment, at: now, in: session)
        case .toldProgress(let found):
            let moved = try InvoiceWithOptions(found, now: invoices[found.invoice.id] ?? found.invoice, in: session)
            try settlement.announceProgress(of: moved, at: now, in: session)
        case .openedCase(let opened): try settlement.open(opened, in: session)
        case .closedCase(let closed, let resolution): try settlement.close(closed, resolution, in: session)
        case .subscription(let id, let event, let moment):
            try settlement.advance(id, by: event, of: moment, at: now, in: session)
        }
    }

    private func post(_ plan: LedgerPlan, in session: any SQLSession) throws {
        try settlement.post(plan.kind, of: plan.booking, at: plan.occurredAt, plan.postings, in: session)
    }

    private func store(
        _ payment: Payment,
        replacing stored: Payment?,
        _ told: PersonalData?,
        in session: any SQLSession
    ) throws {
        if let stored {
            try session.replace(payment, from: stored)
            try settlement.reseal(stored, for: payment.merchant, in: session)
        } else {
            try session.insert(payment)
        }
        try settlement.keep(told, of: payment, at: now, in: session)
    }
}
