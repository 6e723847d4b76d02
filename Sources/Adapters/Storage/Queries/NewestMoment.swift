package import Seams

extension SQLSession {
    /// The newest moment that a gateway on this database has stored as its present; nil when there is none.
    ///
    /// What a rail dates, and what is due later, is not among it.
    package func newestMoment() throws -> Timestamp? {
        // The journal and the events are in the order in which they were written.
        let queries = [
            "SELECT posted_at FROM ledger_transactions ORDER BY sequence DESC LIMIT 1",
            "SELECT created_at FROM events ORDER BY sequence DESC LIMIT 1",
            "SELECT created_at FROM invoices ORDER BY id DESC LIMIT 1",
            "SELECT proven_at FROM storage_proofs WHERE number = 1",
        ]
        return try queries.compactMap { query in try first(query, []) { try $0.moment() } }.max()
    }
}
