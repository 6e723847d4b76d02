package import Payments
package import Seams

/// A notice to a customer that a payment has arrived, or that it was returned.
package struct CustomerNotice: Hashable, Sendable {
    /// What it is about: the identifier of a payment or of a refund.
    package let subject: String
    /// The bot that sends it, for example `telegram:shop`.
    package let source: String
    /// The payment.
    package let payment: PaymentID
}

extension SQLSession {
    /// Has a customer told about a payment, or about its refund; each once.
    package func insertNotice(
        _ subject: String,
        of payment: Payment,
        by source: String,
        at moment: Timestamp
    ) throws {
        group.storedWork.insert(.messages)
        try execute(
            """
            INSERT INTO customer_notices (book, subject, source, payment, due_at) VALUES ($5, $1, $2, $3, $4)
            ON CONFLICT DO NOTHING
            """,
            [.text(subject), .text(source), .id(payment.id), .moment(moment), try place(of: payment.merchant)]
        )
    }

    /// Notices that are due, the oldest first.
    package func dueNotices(at moment: Timestamp, limit: Int) throws -> [CustomerNotice] {
        try all(
            """
            SELECT n.subject, n.source, n.payment FROM customer_notices n
            WHERE n.finished_at IS NULL AND (n.due_at <= $1 OR n.due_at > $3) ORDER BY n.due_at, n.subject LIMIT $2
            """,
            [.moment(moment), .integer(Int64(limit)), .moment(moment.advanced(by: Self.longestPause))]
        ) { CustomerNotice(subject: try $0.text(), source: try $0.text(), payment: try $0.id()) }
    }

    /// Stores the outcome of a notice.
    package func finishNotice(_ subject: String, outcome: String, at moment: Timestamp) throws {
        try execute(
            "UPDATE customer_notices SET finished_at = $1, outcome = $2 WHERE \(within()) AND subject = $3",
            [.moment(moment), .text(outcome), .text(subject)]
        )
    }

    /// Has a notice tried again later.
    package func postponeNotice(_ subject: String, until moment: Timestamp, reason: String) throws {
        try execute(
            "UPDATE customer_notices SET due_at = $1, outcome = $2 WHERE \(within()) AND subject = $3",
            [.moment(moment), .text(reason), .text(subject)]
        )
    }
}
