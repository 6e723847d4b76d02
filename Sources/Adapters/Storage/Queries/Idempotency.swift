import Payments
package import Records
package import Seams

/// Requests that run once.
extension SQLSession {
    /// Claims a request.
    ///
    /// A claim that was not finished within its lease goes to the next request, because its owner has died, or has stalled
    /// and will go on. A key names one object for ever, so that both make the same one, once: also when the first attempt
    /// was refused and another body comes under the key.
    ///
    /// - Parameters:
    ///   - scope: the request.
    ///   - fingerprint: a digest of what is asked.
    ///   - object: the identifier of the object to make, if this is the first attempt.
    ///   - now: the current moment.
    ///   - leaseEnd: until when the claim holds.
    ///   - start: when this process began, when no other can have the database open: whoever made an earlier claim has
    ///     died. Nil when others may have it open.
    /// - Throws: what the database throws.
    /// - Returns: what became of it.
    package func claimIdempotency(
        _ scope: IdempotencyScope,
        fingerprint: [UInt8],
        object: String,
        at now: Timestamp,
        until leaseEnd: Timestamp,
        aloneSince start: Timestamp? = nil
    ) throws -> IdempotencyClaim {
        let isFirst =
            try change(
                """
                INSERT INTO idempotency_keys (book, merchant, route, key, fingerprint, object, claimed_at, leased_until)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
                """,
                key(of: scope) + [.blob(fingerprint), .text(object), .moment(now), .moment(leaseEnd)]
            ) == 1
        if isFirst { return .claimed(object: object) }
        let stored = try first(
            """
            SELECT fingerprint, object, status, body, leased_until FROM idempotency_keys
            WHERE book = $1 AND merchant = $2 AND route = $3 AND key = $4
            """,
            key(of: scope)
        ) { row in
            (
                fingerprint: try row.blob(), object: try row.text(), status: try row.optionalInteger(),
                body: try row.optionalText(), leasedUntil: try row.moment()
            )
        }
        guard let stored else { throw StorageError.corrupt("an idempotency key vanished") }
        guard stored.fingerprint == fingerprint || stored.fingerprint.isEmpty else { return .mismatch }
        if let status = stored.status { return .replay(status: Int(status), body: stored.body ?? "") }
        let lease = leaseEnd.since(now)
        let claimedAt = stored.leasedUntil.advanced(by: .zero - lease)
        // A claim that is made later than now was made by a clock that was wrong.
        let isHeld = stored.leasedUntil > now && claimedAt <= now && start.map { claimedAt >= $0 } != false
        guard !isHeld else { return .inFlight }
        try execute(
            """
            UPDATE idempotency_keys SET leased_until = $5, fingerprint = $6
            WHERE book = $1 AND merchant = $2 AND route = $3 AND key = $4
            """,
            key(of: scope) + [.moment(leaseEnd), .blob(fingerprint)]
        )
        return .claimed(object: stored.object)
    }

    /// Stores the answer for a repeated request.
    package func finishIdempotency(_ scope: IdempotencyScope, status: Int, body: String) throws {
        try execute(
            "UPDATE idempotency_keys SET status = $5, body = $6 WHERE book = $1 AND merchant = $2 AND route = $3 AND key = $4",
            key(of: scope) + [.integer(Int64(status)), .text(body)]
        )
    }

    /// Lets a request that failed run again at once; the object's identifier is kept.
    package func releaseIdempotency(_ scope: IdempotencyScope, at now: Timestamp) throws {
        try execute(
            "UPDATE idempotency_keys SET leased_until = $5 WHERE book = $1 AND merchant = $2 AND route = $3 AND key = $4",
            key(of: scope) + [.moment(now)]
        )
    }

    private func key(of scope: IdempotencyScope) throws -> [SQLValue] {
        [try place(of: scope.merchant), .id(scope.merchant), .text(scope.route), .text(scope.key)]
    }

    /// Frees the key of a request that was refused before anything was done, for another request with any body.
    ///
    /// The object's identifier stays: a slower attempt with it may still be running.
    package func freeIdempotency(_ scope: IdempotencyScope, at now: Timestamp) throws {
        try execute(
            """
            UPDATE idempotency_keys SET leased_until = $5, fingerprint = $6
            WHERE book = $1 AND merchant = $2 AND route = $3 AND key = $4 AND status IS NULL
            """,
            key(of: scope) + [.moment(now), .blob([])]
        )
    }
}
