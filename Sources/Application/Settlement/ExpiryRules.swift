import Ledger
import Money
import Payments
import Seams

/// Decides what changes when an invoice's time is over.
struct ExpiryRules {
    let invoice: Invoice
    /// Its payments that wait for the rest of the price.
    let parts: [BookedPayment]

    /// Expires the invoice; a part of the price waits for a person then, with a case.
    func expire(in draft: inout Draft) throws {
        var updated = invoice
        let action = try updated.status.apply(.expired)
        updated = draft.update(updated, from: invoice)
        if action == .openUnderpaid {
            for part in parts { try openUnderpaid(part, in: &draft) }
        }
        draft.tell(.invoice(.expired, updated))
    }

    private func openUnderpaid(_ part: BookedPayment, in draft: inout Draft) throws {
        let (payment, now) = (part.payment, draft.now)
        draft.include(part)
        let held = AccountID.customerClearing(invoice.merchant)
        let postings = try Bookkeeping.move(payment.amount, from: held, to: .underpayments(invoice.merchant))
        _ = try draft.move(payment.id) { try $0.post(.underpaid, of: .payment(payment), at: now, postings) }
        try draft.updateCases(of: payment.id, closing: .init(.superseded, at: now))
    }
}
