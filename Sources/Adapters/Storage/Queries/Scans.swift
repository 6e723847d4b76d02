package import Ledger
package import Payments
package import Seams

/// An account that is scanned for single options, until a moment.
package struct StoredScanAccount: Hashable, Sendable {
    /// The account in the rail's canonical form.
    package let account: String
    /// The part of the account that is scanned.
    package let subject: String
}

/// The state of a scan.
package struct ScanState: Hashable, Sendable {
    /// The provider.
    package let provider: String
    /// The account.
    package let account: String
    /// The part of the account that is scanned.
    package let subject: String
    /// Where the next page starts.
    package let position: String?
    /// The moment until which, by the rail's clock, nothing is missing.
    package let completeUntil: Timestamp?
    /// Why the cursor does not move, when it does not.
    package let problem: String?
}

/// How far a provider's standing accounts, which are always scanned, were read.
package struct ScanWatermark: Sendable {
    /// The provider.
    package let provider: String
    /// The moment until which they were read, by the rail's clock.
    package let completeUntil: Timestamp
    /// How long after the end of an invoice a payment may still arrive that was made in time.
    package let grace: Duration
    /// Whether accounts of single options have scans of their own.
    package let hasAccountsOfOptions: Bool

    /// How far a provider's accounts were read.
    package init(provider: String, completeUntil: Timestamp, grace: Duration, hasAccountsOfOptions: Bool) {
        self.provider = provider
        self.completeUntil = completeUntil
        self.grace = grace
        self.hasAccountsOfOptions = hasAccountsOfOptions
    }
}

/// Scan cursors: where reading an account's history stands.
extension SQLSession {
    /// Has an account of an option watched: closely until its invoice closes, and seldom after the time in which it is
    /// monitored; later moments win over earlier ones.
    package func insertScanAccount(
        provider: String,
        account: String,
        subject: String,
        closesAt: Timestamp,
        activeUntil: Timestamp
    ) throws {
        try execute(
            """
            INSERT INTO scan_accounts (provider, account, subject, closes_at, active_until, due_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (provider, account, subject) DO UPDATE SET active_until = excluded.active_until,
            closes_at = excluded.closes_at, due_at = excluded.due_at
            WHERE excluded.active_until > scan_accounts.active_until
            """,
            [
                .text(provider), .text(account), .text(subject), .moment(closesAt), .moment(activeUntil),
                .moment(WatchedAccount.always),
            ]
        )
    }

    /// Has an account that was handed out looked at until a moment, if that is later than it would be.
    package func keepScanning(provider: String, account: String, until moment: Timestamp) throws {
        try execute(
            "UPDATE scan_accounts SET active_until = $1 WHERE provider = $2 AND account = $3 AND active_until < $1",
            [.moment(moment), .text(provider), .text(account)]
        )
    }

    /// Every account of single options that was ever scanned: its money is still there.
    package func allScanAccounts(provider: String) throws -> [StoredScanAccount] {
        try all(
            "SELECT account, subject FROM scan_accounts WHERE provider = $1 ORDER BY account, subject",
            [.text(provider)]
        ) { StoredScanAccount(account: try $0.text(), subject: try $0.text()) }
    }

    /// Has an account watched for ever, on a rail that is read as a whole, because a merchant has handed it out.
    package func insertWatchedAccount(provider: String, account: String, by merchant: MerchantID) throws {
        let book = try book(of: merchant)
        try require(book)
        try execute(
            """
            INSERT INTO watched_accounts (book, sequence, provider, account)
            VALUES ($1, (SELECT COALESCE(MAX(l.sequence), 0) + 1 FROM watched_accounts l WHERE l.book = $1), $2, $3)
            """,
            [.integer(book.number), .text(provider), .text(account)]
        )
    }

    /// Accounts that merchants of a book have handed out, with their numbers, after a given number.
    package func watchedAccounts(
        provider: String,
        in book: LedgerBook,
        after sequence: Int64,
        limit: Int
    ) throws -> [(sequence: Int64, account: String)] {
        try all(
            """
            SELECT sequence, account FROM watched_accounts WHERE provider = $1 AND book = $2 AND sequence > $3
            ORDER BY sequence LIMIT $4
            """,
            [.text(provider), .integer(book.number), .integer(sequence), .integer(Int64(limit))]
        ) { (sequence: try $0.integer(), account: try $0.text()) }
    }

    /// Whether an account of a provider was handed out for an option.
    package func isWatched(_ account: String, provider: String) throws -> Bool {
        try first(
            "SELECT 1 FROM scan_accounts WHERE provider = $1 AND account = $2 LIMIT 1",
            [.text(provider), .text(account)]
        ) { try $0.integer() } != nil
    }

    /// The moment until which the scan of an account is complete; nil when it has not begun.
    package func completeUntil(provider: String, account: String, subject: String) throws -> Timestamp? {
        try first(
            "SELECT complete_until FROM scan_cursors WHERE provider = $1 AND account = $2 AND subject = $3",
            [.text(provider), .text(account), .text(subject)]
        ) { try $0.optionalMoment() } ?? nil
    }

    /// The moment until which all scans of a provider are complete; nil while one of them has none.
    package func completeUntil(provider: String) throws -> Timestamp? {
        try first(
            """
            SELECT MIN(complete_until) FROM scan_cursors WHERE provider = $1
            HAVING COUNT(*) = COUNT(complete_until)
            """,
            [.text(provider)]
        ) { try $0.optionalMoment() } ?? nil
    }

    /// The least progress of a scan that is stored while a wallet is held.
    private static var step: Duration { .seconds(10) }

    /// Whether the progress of a scan that found nothing has to be stored.
    ///
    /// It has to when the scan had a problem or has read nothing before, when an invoice or the account itself ends
    /// before `moment`, and when a wallet was held before it.
    ///
    /// Every decision that depends on how far a scan is complete needs a condition here: on an account without news
    /// nothing else moves it.
    package func waitsForScan(
        provider: String,
        account: String,
        subject: String,
        grace: Duration,
        until moment: Timestamp
    ) throws -> Bool {
        let stored = try first(
            "SELECT complete_until, problem FROM scan_cursors WHERE provider = $1 AND account = $2 AND subject = $3",
            [.text(provider), .text(account), .text(subject)]
        ) { (completeUntil: try $0.optionalMoment(), problem: try $0.optionalText()) }
        guard let stored, stored.problem == nil, let before = stored.completeUntil else { return true }
        guard before < moment else { return false }
        return try first(
            """
            SELECT 1 WHERE EXISTS (SELECT 1 FROM invoices WHERE \(InvoiceStateMachine.State.isPayable(in: ""))
            AND expires_at >= $1 AND expires_at < $2) OR EXISTS (SELECT 1 FROM scan_accounts WHERE provider = $3
            AND account = $4 AND subject = $5 AND active_until > $6 AND active_until <= $2)
            OR EXISTS (SELECT 1 FROM wallets WHERE provider = $3 AND held_since <= $2 AND (held_since > $6 OR $7 = 1))
            """,
            [
                .moment(before.advanced(by: .zero - grace)), .moment(moment), .text(provider), .text(account),
                .text(subject), .moment(before), .integer(moment.since(before) < Self.step ? 0 : 1),
            ]
        ) { try $0.integer() } != nil
    }

    /// Where the next page of an account starts; nil at the very start.
    package func scanPosition(provider: String, account: String, subject: String) throws -> String? {
        try first(
            "SELECT position FROM scan_cursors WHERE provider = $1 AND account = $2 AND subject = $3",
            [.text(provider), .text(account), .text(subject)]
        ) { try $0.optionalText() } ?? nil
    }

    /// Moves a cursor, and forgets the problem that it had.
    ///
    /// - Returns: whether it was where `from` says; when not, somebody else has moved it and nothing is changed.
    package func advanceScan(
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

    /// Stores why a cursor does not move.
    package func recordScanProblem(
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

    /// Stores that a scan found nothing new after a position until a moment, and forgets the problem that it had; nothing when
    /// the cursor has moved meanwhile.
    package func passScan(
        provider: String,
        account: String,
        subject: String,
        at position: String?,
        completeUntil: Timestamp?
    ) throws {
        try execute(
            """
            INSERT INTO scan_cursors (provider, account, subject, complete_until) VALUES ($1, $2, $3, $4)
            ON CONFLICT (provider, account, subject) DO UPDATE SET problem = NULL, problem_at = NULL,
            complete_until = COALESCE(excluded.complete_until, scan_cursors.complete_until)
            WHERE COALESCE(scan_cursors.position, '') = $5
            """,
            [.text(provider), .text(account), .text(subject), .moment(completeUntil), .text(position ?? "")]
        )
    }

    /// The states of the scans of one provider, or of all.
    package func scanStates(provider: String?) throws -> [ScanState] {
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
