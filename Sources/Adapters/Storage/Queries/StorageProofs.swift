package import Seams

extension SQLSession {
    /// Writes a row that replaces the one before; its commit proves that the database can be written.
    ///
    /// - Parameters:
    ///   - now: when that is.
    ///   - room: how many bytes are written. A disk that is almost full may take a single page and have no room for an
    ///     order or a payment.
    /// - Throws: ``StorageError`` when they cannot be written.
    package func proveStorage(at now: Timestamp, room: Int) throws {
        // A page that has not changed is not written at all.
        let filling = (0..<room).map { UInt8(truncatingIfNeeded: now.microseconds >> (8 * ($0 % 8))) }
        try execute(
            """
            INSERT INTO storage_proofs (number, proven_at, filling) VALUES (1, $1, $2)
            ON CONFLICT (number) DO UPDATE SET proven_at = excluded.proven_at, filling = excluded.filling
            """,
            [.moment(now), .blob(filling)]
        )
    }
}
