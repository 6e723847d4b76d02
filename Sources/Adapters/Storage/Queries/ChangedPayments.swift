package import Payments
import Records
import Seams

/// Payments that have changed since they were recorded.
extension SQLSession {
    /// Stores a payment that was recorded before and has changed: it was unmatched and is for an invoice, or the rail
    /// took it back and has it again.
    ///
    /// One that leaves the operator's book for a merchant's keeps its row there, as does what was booked and decided of
    /// it, and gets another in the merchant's book.
    package func replace(_ payment: Payment, from stored: Payment) throws {
        let place = try place(of: payment.merchant)
        guard try place == self.place(of: stored.merchant) else { return try handOver(payment, from: stored) }
        try executeOne(
            """
            UPDATE payments SET invoice = $1, option = $2, merchant = $3, asset = $4, amount = $5, value_asset = $6,
            value = $7, classification = $8, payer = $9, refund_target = $10, evidence = $11, state = $12,
            occurred_at = $13, available_at = $14, quote = $15, version = $18 WHERE book = $17 AND id = $16
            """,
            [
                .id(payment.invoice), .id(payment.option), .id(payment.merchant), .asset(payment.amount),
                .units(payment.amount), .asset(payment.value), .units(payment.value),
                .code(payment.classification), .text(payment.payer), .text(payment.refundTarget),
                .text(payment.evidence), .code(payment.state), .moment(payment.occurredAt),
                .moment(payment.availableAt), .text(payment.quote.map(QuoteText.write)), .id(payment.id), place,
                .integer(payment.version),
            ]
        )
    }

    /// Moves a payment from the operator's book to a merchant's, with its customer's data and notices.
    private func handOver(_ payment: Payment, from stored: Payment) throws {
        let (old, new) = (try place(of: stored.merchant), try place(of: payment.merchant))
        guard stored.merchant == nil else {
            throw StorageError.corrupt("the payment \(payment.id) belongs to \(stored.merchant?.text ?? "") already")
        }
        try executeOne(
            "UPDATE payments SET handed_over = 1 WHERE book = $1 AND id = $2 AND handed_over = 0",
            [old, .id(payment.id)]
        )
        try insert(payment)
        try execute(
            """
            INSERT INTO personal_data (book, payment, sealed, kept_at, erased_at, erased_by)
            SELECT $3, d.payment, d.sealed, d.kept_at, d.erased_at, d.erased_by FROM personal_data d
            WHERE d.book = $1 AND d.payment = $2
            """,
            [old, .id(payment.id), new]
        )
        try execute("DELETE FROM personal_data WHERE book = $1 AND payment = $2", [old, .id(payment.id)])
        try execute(
            """
            INSERT INTO customer_notices (book, subject, source, payment, due_at, finished_at, outcome)
            SELECT $3, n.subject, n.source, n.payment, n.due_at, n.finished_at, n.outcome FROM customer_notices n
            WHERE n.book = $1 AND n.payment = $2
            """,
            [old, .id(payment.id), new]
        )
        try execute("DELETE FROM customer_notices WHERE book = $1 AND payment = $2", [old, .id(payment.id)])
    }
}
