import Records
package import Seams

/// The right to do a piece of work alone, until somebody else takes it.
///
/// Its token grows with every new holder. A holder that was stopped for too long is refused when it writes with its old
/// token (Kleppmann, "How to do distributed locking", 2016). So clocks decide who works, and never what is stored.
package struct Lease: Hashable, Sendable {
    /// The work.
    package let name: String
    /// The number of the holder.
    package let token: Int64
}

extension SQLSession {
    /// Takes or renews a lease.
    ///
    /// - Returns: the lease; nil while another holder has it.
    package func claimLease(
        _ name: String,
        by holder: String,
        at moment: Timestamp,
        until end: Timestamp
    ) throws -> Lease? {
        let changed = try change(
            """
            INSERT INTO leases (name, holder, token, expires_at) VALUES ($1, $2, 1, $3)
            ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at,
            token = leases.token + CASE WHEN leases.holder = excluded.holder THEN 0 ELSE 1 END
            WHERE leases.holder = excluded.holder OR leases.expires_at <= $4 OR leases.expires_at > $5
            """,
            [
                .text(name), .text(holder), .moment(end), .moment(moment),
                .moment(moment.advanced(by: Self.longestPause)),
            ]
        )
        guard changed == 1 else { return nil }
        let token = try first("SELECT token FROM leases WHERE name = $1", [.text(name)]) { try $0.integer() }
        return token.map { Lease(name: name, token: $0) }
    }

    /// Refuses the unit of work when a lease has another holder by now.
    ///
    /// - Throws: ``StorageError`` with ``StorageError/Code/fenced``.
    package func require(_ lease: Lease) throws {
        let token = try first("SELECT token FROM leases WHERE name = $1", [.text(lease.name)]) { try $0.integer() }
        guard token == lease.token else {
            throw StorageError(.fenced, "somebody else does '\(lease.name)' by now; what was done here is dropped")
        }
    }

    /// Gives back every lease of a holder, so that others need not wait for their ends.
    package func releaseLeases(of holder: String, at moment: Timestamp) throws {
        try execute(
            "UPDATE leases SET expires_at = $1 WHERE holder = $2 AND expires_at > $1",
            [.moment(moment), .text(holder)]
        )
    }
}
