import Ledger
import Money
import Payments
import Providers
import Seams
import Storage

/// What was read about a payment that a rail takes back.
struct UndoSnapshot {
    let payment: BookedPayment
    /// The invoice that it counts for; nil when it counts for none.
    var invoice: Invoice?
    /// The other payments that stand and count for the invoice, when it is settled.
    var others: [BookedPayment] = []
    /// The duplicates of a settled invoice, in the order in which they were recorded.
    var duplicates: [Duplicate] = []
    /// The open cases of the invoice's payments that were undone before, except those whose refund is a loss.
    var orphans: [ExceptionCase] = []
}

/// A payment that came for an invoice that was settled already.
struct Duplicate {
    let payment: BookedPayment
    /// The payment as if it came now.
    let arrival: Arrival
    /// What was read about the invoice; its state and its other payments are those of the draft.
    let snapshot: PaymentSnapshot
    /// The rules of the provider that has seen it.
    let rules: PaymentRules
}

/// Decides what changes when a rail takes a payment back: ledger transactions are never changed, others reverse them.
struct UndoRules {
    let snapshot: UndoSnapshot
    /// When it was taken back, by the rail's clock.
    let moment: Timestamp

    /// Takes the payment back.
    ///
    /// Its refunds that wait are called off, and those that have left are losses. An invoice that is no longer covered is
    /// open again; its other payments, and then its duplicates, count for it.
    func undo(in draft: inout Draft) throws {
        let payment = snapshot.payment.payment
        draft.include(snapshot.payment)
        let reason = "the payment is no longer part of the chain"
        try draft.callOffRefunds(of: payment.id, because: reason)
        try draft.move(payment.id) { draft in
            try draft.reverse(payment.id, as: .paymentOrphaned, at: moment)
            draft.setState(of: payment.id, to: .orphaned, payment.classification)
        }
        draft.closeCases(of: payment.id, .init(.superseded, at: draft.now))
        draft.tell(.orphaned(draft.payments[payment.id]?.payment ?? payment))
        draft.open(
            ExceptionCase(
                id: draft.planner.identifiers.next(),
                reason: .orphaned,
                merchant: payment.merchant,
                invoice: payment.invoice,
                payment: payment.id,
                amount: payment.amount,
                openedAt: draft.now
            )
        )
        if let invoice = snapshot.invoice, let value = payment.value { try takeBack(value, from: invoice, in: &draft) }
    }

    private func takeBack(_ value: Amount, from invoice: Invoice, in draft: inout Draft) throws {
        var updated = invoice
        let action = try updated.status.apply(.undone(value: value))
        if updated.status.state != .settled { updated.settledAt = nil }
        updated = draft.update(updated, from: invoice)
        guard action == .reopen else { return }
        let wasSettled = invoice.status.state == .settled
        if wasSettled { for other in snapshot.others { try returnToClearing(other, in: &draft) } }
        draft.tell(.invoice(.reopened, updated))
        if wasSettled { try countDuplicates(in: &draft) }
    }

    /// Returns one of the invoice's other payments, also its surplus, to clearing until the invoice is covered again.
    private func returnToClearing(_ other: BookedPayment, in draft: inout Draft) throws {
        let payment = other.payment
        guard let invoice = snapshot.invoice else { return }
        draft.include(other)
        let postings = try Bookkeeping.move(
            payment.amount,
            from: .providerReceivable(payment.provider),
            to: .customerClearing(invoice.merchant)
        )
        try draft.move(payment.id) { draft in
            try draft.reverse(payment.id, as: .settlementUndone, at: draft.now)
            try draft.post(.paymentHeld, of: .payment(payment), at: payment.occurredAt, postings)
            draft.setState(of: payment.id, to: payment.state, .partial)
        }
        // The surplus of a payment counts towards what is owed again.
        draft.closeCases(of: payment.id, .init(.superseded, at: draft.now))
    }

    /// Counts duplicates for the invoice that is open again, the first one first, until it is settled: the customer has
    /// paid, and nobody is to ask for the money once more.
    ///
    /// A payment that came after the invoice's time, or of which a refund takes something, stays with the merchant's case.
    private func countDuplicates(in draft: inout Draft) throws {
        for duplicate in snapshot.duplicates {
            guard let invoice = snapshot.invoice.flatMap({ draft.invoices[$0.id] }), invoice.status.state.isPayable
            else { return }
            let end = invoice.expiresAt.advanced(by: duplicate.rules.graceAfterExpiry)
            guard duplicate.arrival.madeAt <= end, duplicate.payment.liveRefunds.isEmpty else { continue }
            let id = duplicate.arrival.id
            draft.include(duplicate.payment)
            draft.closeCases(of: id, .init(.superseded, at: draft.now))
            try draft.reverse(id, as: .settlementUndone, at: draft.now)
            var current = duplicate.snapshot
            current.invoice = invoice
            current.parts = draft.parts(of: invoice.id)
            current.orphans = draft.orphans(of: invoice.id, besides: snapshot.orphans)
            _ = try duplicate.rules.count(duplicate.arrival, on: current, in: &draft)
        }
    }
}

extension Draft {
    /// The final payments of an invoice that wait for the rest of its price, in the order in which they were recorded.
    fileprivate func parts(of invoice: InvoiceID) -> [BookedPayment] {
        payments.values
            .filter { booked in
                let payment = booked.payment
                return payment.invoice == invoice && payment.classification == .partial && payment.state == .final
            }
            .sorted { $0.payment.id < $1.payment.id }
    }

    /// The open cases of an invoice's undone payments, except those whose refund is a loss: those that were read, and
    /// those that the draft has opened.
    fileprivate func orphans(of invoice: InvoiceID, besides read: [ExceptionCase]) -> [ExceptionCase] {
        let own = payments.values
            .filter { $0.payment.invoice == invoice && $0.liveRefunds.isEmpty }
            .flatMap(\.cases)
            .filter { $0.reason == .orphaned }
        let others = read.filter { known in known.payment.map { payments[$0] == nil } ?? true }
        return (others + own).sorted { $0.id < $1.id }
    }
}
