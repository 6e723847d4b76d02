public import Seams

/// An account that is scanned for single options, until a moment.
public struct StoredScanAccount: Hashable, Sendable {
    /// The account in the rail's canonical form.
    public let account: String
    /// What of the account is looked at.
    public let subject: String
}

/// Where a scan stands.
public struct ScanState: Hashable, Sendable {
    /// The provider.
    public let provider: String
    /// The account.
    public let account: String
    /// What of the account is looked at.
    public let subject: String
    /// Where the next page starts.
    public let position: String?
    /// Until when, by the rail's clock, nothing is missing.
    public let completeUntil: Timestamp?
    /// Why the cursor does not move, when it does not.
    public let problem: String?
}

/// Scan cursors: where reading an account's history stands.
extension SQLSession {
    /// Has an account scanned until a moment; a later moment wins over an earlier one.
    public func insertScanAccount(provider: String, account: String, subject: String, activeUntil: Timestamp) throws {
        try execute(
            """
            INSERT INTO scan_accounts (provider, account, subject, active_until) VALUES ($1, $2, $3, $4)
            ON CONFLICT (provider, account, subject) DO UPDATE SET active_until = excluded.active_until
            WHERE excluded.active_until > scan_accounts.active_until
            """,
            [.text(provider), .text(account), .text(subject), .moment(activeUntil)]
        )
    }

    /// The accounts of single options that are still scanned.
    public func scanAccounts(provider: String, activeAt moment: Timestamp) throws -> [StoredScanAccount] {
        try all(
            """
            SELECT account, subject FROM scan_accounts WHERE provider = $1 AND active_until >= $2
            ORDER BY account, subject
            """,
            [.text(provider), .moment(moment)]
        ) { StoredScanAccount(account: try $0.text(), subject: try $0.text()) }
    }

    /// Every account of single options that was ever scanned: its money is still there.
    public func allScanAccounts(provider: String) throws -> [StoredScanAccount] {
        try scanAccounts(provider: provider, activeAt: Timestamp(microseconds: .min))
    }

    /// Has an account watched for ever, on a rail that is read as a whole.
    public func insertWatchedAccount(provider: String, account: String) throws {
        try execute(
            "INSERT INTO watched_accounts (provider, account) VALUES ($1, $2)",
            [.text(provider), .text(account)]
        )
    }

    /// Watched accounts with their numbers, from after a number on.
    public func watchedAccounts(
        provider: String,
        after sequence: Int64,
        limit: Int
    ) throws -> [(sequence: Int64, account: String)] {
        try all(
            """
            SELECT sequence, account FROM watched_accounts WHERE provider = $1 AND sequence > $2
            ORDER BY sequence LIMIT $3
            """,
            [.text(provider), .integer(sequence), .integer(Int64(limit))]
        ) { (sequence: try $0.integer(), account: try $0.text()) }
    }

    /// Whether an account of a provider was handed out for an option.
    public func isWatched(_ account: String, provider: String) throws -> Bool {
        try first(
            "SELECT 1 FROM scan_accounts WHERE provider = $1 AND account = $2 LIMIT 1",
            [.text(provider), .text(account)]
        ) { try $0.integer() } != nil
    }

    /// Until when every scan of a provider has read everything; none when one has not begun.
    public func completeUntil(provider: String) throws -> Timestamp? {
        try first(
            "SELECT MIN(COALESCE(complete_until, 0)) FROM scan_cursors WHERE provider = $1",
            [.text(provider)]
        ) { try $0.optionalMoment() } ?? nil
    }

    /// Where the next page of an account starts; none at the very start.
    public func scanPosition(provider: String, account: String, subject: String) throws -> String? {
        try first(
            "SELECT position FROM scan_cursors WHERE provider = $1 AND account = $2 AND subject = $3",
            [.text(provider), .text(account), .text(subject)]
        ) { try $0.optionalText() } ?? nil
    }

    /// Moves a cursor, and forgets the problem that it had.
    ///
    /// - Returns: whether it was where `from` says; when not, somebody else has moved it and nothing is changed.
    public func advanceScan(
        provider: String,
        account: String,
        subject: String,
        from: String?,
        to: String,
        completeUntil: Timestamp?,
        at moment: Timestamp
    ) throws -> Bool {
        try change(
            """
            INSERT INTO scan_cursors (provider, account, subject, position, complete_until, moved_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (provider, account, subject) DO UPDATE SET position = excluded.position,
            complete_until = excluded.complete_until, moved_at = excluded.moved_at, problem = NULL, problem_at = NULL
            WHERE COALESCE(scan_cursors.position, '') = $7
            """,
            [
                .text(provider), .text(account), .text(subject), .text(to), .moment(completeUntil), .moment(moment),
                .text(from ?? ""),
            ]
        ) == 1
    }

    /// Remembers why a cursor does not move.
    public func recordScanProblem(
        provider: String,
        account: String,
        subject: String,
        reason: String,
        at moment: Timestamp
    ) throws {
        try execute(
            """
            INSERT INTO scan_cursors (provider, account, subject, problem, problem_at) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (provider, account, subject) DO UPDATE SET problem = excluded.problem,
            problem_at = excluded.problem_at
            """,
            [.text(provider), .text(account), .text(subject), .text(reason), .moment(moment)]
        )
    }

    /// Forgets the problem of a cursor that can be read again and found nothing new.
    public func clearScanProblem(
        provider: String,
        account: String,
        subject: String,
        completeUntil: Timestamp?
    ) throws {
        try execute(
            """
            UPDATE scan_cursors SET problem = NULL, problem_at = NULL, complete_until = COALESCE($4, complete_until)
            WHERE provider = $1 AND account = $2 AND subject = $3
            """,
            [.text(provider), .text(account), .text(subject), .moment(completeUntil)]
        )
    }

    /// Where the scans of one provider, or of all, stand.
    public func scanStates(provider: String?) throws -> [ScanState] {
        try all(
            """
            SELECT provider, account, subject, position, complete_until, problem FROM scan_cursors
            WHERE provider = $1 OR $1 = '' ORDER BY provider, account, subject
            """,
            [.text(provider ?? "")]
        ) { row in
            ScanState(
                provider: try row.text(),
                account: try row.text(),
                subject: try row.text(),
                position: try row.optionalText(),
                completeUntil: try row.optionalMoment(),
                problem: try row.optionalText()
            )
        }
    }
}
