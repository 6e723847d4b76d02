package import Seams

extension SQLSession {
    /// Stores that something could be stored.
    package func proveStorage(at now: Timestamp) throws {
        try execute(
            """
            INSERT INTO storage_proofs (number, proven_at) VALUES (1, $1)
            ON CONFLICT (number) DO UPDATE SET proven_at = excluded.proven_at
            """,
            [.moment(now)]
        )
    }
}
