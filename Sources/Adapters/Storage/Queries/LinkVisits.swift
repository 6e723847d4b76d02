package import Payments
package import Seams

/// The invoices of payment links that visitors have open.
extension SQLSession {
    /// The invoices of a link that a visitor has open and not paid, by the place that each takes.
    package func openVisits(of visitor: String, to link: PaymentLinkID, at now: Timestamp) throws -> [Int: InvoiceID] {
        let rows: [(place: Int, invoice: InvoiceID)] = try all(
            """
            SELECT v.place, v.invoice FROM link_visits v JOIN invoices i ON i.book = v.book AND i.id = v.invoice
            WHERE \(within("v")) AND v.link = $1 AND v.visitor = $2
            AND i.state = \(InvoiceStateMachine.State.new.code) AND i.expires_at > $3
            """,
            [.id(link), .text(visitor), .moment(now)]
        ) { (try $0.int(), try $0.id()) }
        return Dictionary(rows.map { ($0.place, $0.invoice) }) { first, _ in first }
    }

    /// Has an invoice take a place of a visitor, instead of one that is not open any more.
    package func visit(_ link: PaymentLinkID, by visitor: String, place: Int, invoice: Invoice) throws {
        try execute(
            """
            INSERT INTO link_visits (book, link, visitor, place, invoice) VALUES ($5, $1, $2, $3, $4)
            ON CONFLICT (book, link, visitor, place) DO UPDATE SET invoice = excluded.invoice
            """,
            [
                .id(link), .text(visitor), .integer(Int64(place)), .id(invoice.id),
                try self.place(of: invoice.merchant),
            ]
        )
    }
}
