package import Payments
package import Seams

/// An invoice that is held for a question which was approved, until the money comes or the rail gives up.
package struct ApprovalRecord: Hashable, Sendable {
    /// The invoice.
    package let invoice: InvoiceID
    /// The provider that asked.
    package let provider: String
    /// The rail's own identifier of the question.
    package let question: String
    /// The link of which the invoice takes a piece.
    package let link: PaymentLinkID?
    /// Until when it is held.
    package let heldUntil: Timestamp

    /// An invoice that is to be held.
    package init(invoice: InvoiceID, provider: String, question: String, link: PaymentLinkID?, heldUntil: Timestamp) {
        self.invoice = invoice
        self.provider = provider
        self.question = question
        self.link = link
        self.heldUntil = heldUntil
    }
}

/// Approvals that are not paid yet.
extension SQLSession {
    /// Holds an invoice of a merchant; a question that holds it already may ask again, because rails deliver twice.
    ///
    /// - Returns: whether it is held for this question; false when another question holds it.
    package func hold(_ approval: ApprovalRecord, of merchant: MerchantID, at now: Timestamp) throws -> Bool {
        try change(
            """
            INSERT INTO approvals (book, invoice, provider, question, link, held_until) VALUES ($7, $1, $2, $3, $4, $5)
            ON CONFLICT (book, invoice) DO UPDATE SET provider = excluded.provider, question = excluded.question,
            link = excluded.link, held_until = excluded.held_until WHERE approvals.held_until <= $6
            OR (approvals.provider = excluded.provider AND approvals.question = excluded.question)
            """,
            [
                .id(approval.invoice), .text(approval.provider), .text(approval.question), .id(approval.link),
                .moment(approval.heldUntil), .moment(now), try place(of: merchant),
            ]
        ) == 1
    }

    /// How many other invoices of a link are held.
    package func approvals(of link: PaymentLinkID, besides invoice: InvoiceID, at now: Timestamp) throws -> Int {
        try first(
            """
            SELECT COUNT(*) FROM approvals a WHERE \(within("a")) AND a.link = $1 AND a.held_until > $2
            AND a.invoice <> $3
            """,
            [.id(link), .moment(now), .id(invoice)]
        ) { try $0.int() } ?? 0
    }

    /// Ends the hold of an invoice, whose payment has arrived.
    package func release(_ invoice: InvoiceID) throws {
        try execute("DELETE FROM approvals WHERE \(within()) AND invoice = $1", [.id(invoice)])
    }

    /// Deletes approvals whose hold has ended.
    package func forgetApprovals(at now: Timestamp) throws {
        try execute("DELETE FROM approvals WHERE held_until <= $1", [.moment(now)])
    }
}
