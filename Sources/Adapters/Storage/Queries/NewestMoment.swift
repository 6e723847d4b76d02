package import Seams

extension SQLSession {
    /// The newest moment that a gateway on this database has stored as its present; nil when there is none.
    ///
    /// Moments by a rail's clock, and moments at which something is due, do not count.
    package func newestMoment() throws -> Timestamp? {
        // The journal and the events of a book are in the order in which they were written.
        func last(_ column: String, of table: String) -> String {
            """
            SELECT MAX(t.\(column)) FROM books b JOIN \(table) t ON t.book = b.number
            WHERE t.sequence = (SELECT MAX(l.sequence) FROM \(table) l WHERE l.book = b.number)
            """
        }
        let queries = [
            last("posted_at", of: "ledger_transactions"), last("created_at", of: "events"),
            """
            SELECT MAX(i.created_at) FROM books b JOIN invoices i ON i.book = b.number
            WHERE i.id = (SELECT l.id FROM invoices l WHERE l.book = b.number ORDER BY l.id DESC LIMIT 1)
            """,
            "SELECT proven_at FROM storage_proofs WHERE number = 1",
        ]
        return try queries.compactMap { query in try first(query, []) { try $0.optionalMoment() } ?? nil }.max()
    }
}
