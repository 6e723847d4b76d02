package import Payments
package import Seams

/// An account of an option that is watched, with the place up to which it was read.
package struct WatchedAccount: Hashable, Sendable {
    /// The time at which an account is due that is looked at in every pass.
    static let always = Timestamp(microseconds: 0)

    /// The account in the rail's canonical form.
    package let account: String
    /// The part of the account that is scanned.
    package let subject: String
    /// When its invoice closes.
    package let closesAt: Timestamp
    /// Until when it is monitored after that.
    package let activeUntil: Timestamp
    /// Whether it is looked at in every pass: its scan has not passed the end of its invoice.
    package let isOpen: Bool
    /// Where the next page starts.
    package let position: String?
    /// The moment until which, by the rail's clock, nothing is missing.
    package let completeUntil: Timestamp?
    /// Whether the cursor had a problem the last time.
    package let hasProblem: Bool
}

/// The watch over accounts of options.
extension SQLSession {
    private static var watchedColumns: String {
        """
        a.account, a.subject, a.closes_at, a.active_until, a.due_at, c.position, c.complete_until,
        CASE WHEN c.problem IS NULL THEN 0 ELSE 1 END FROM scan_accounts a LEFT JOIN scan_cursors c
        ON c.provider = a.provider AND c.account = a.account AND c.subject = a.subject
        """
    }

    /// The accounts of options that are looked at now: all whose invoices are open, the newest first, and of the closed ones
    /// those that have been due for longest.
    package func watchedAccounts(
        provider: String,
        dueAt moment: Timestamp,
        mostClosed: Int
    ) throws -> [WatchedAccount] {
        let always = SQLValue.moment(WatchedAccount.always)
        let open = try all(
            """
            SELECT \(Self.watchedColumns) WHERE a.provider = $1 AND a.due_at = $2
            ORDER BY a.closes_at DESC, a.account, a.subject
            """,
            [.text(provider), always]
        ) { try $0.watchedAccount() }
        let closed = try all(
            """
            SELECT \(Self.watchedColumns) WHERE a.provider = $1 AND a.due_at > $2 AND a.due_at <= $3
            ORDER BY a.due_at, a.account, a.subject LIMIT $4
            """,
            [.text(provider), always, .moment(moment), .integer(Int64(mostClosed))]
        ) { try $0.watchedAccount() }
        return open + closed
    }

    /// Says when an account is looked at again; nil when only on request.
    package func setDue(provider: String, account: String, subject: String, at moment: Timestamp?) throws {
        try execute(
            "UPDATE scan_accounts SET due_at = $1 WHERE provider = $2 AND account = $3 AND subject = $4",
            [.moment(moment ?? .distantFuture), .text(provider), .text(account), .text(subject)]
        )
    }

    /// Has the accounts of an invoice's options looked at in the next pass.
    package func lookAgain(at invoice: InvoiceID, now: Timestamp) throws {
        try execute(
            """
            UPDATE scan_accounts SET due_at = CASE WHEN due_at > $1 THEN $1 ELSE due_at END
            WHERE EXISTS (SELECT 1 FROM payment_options o WHERE \(within("o")) AND o.invoice = $2
            AND o.provider = scan_accounts.provider
            AND o.reference_value = scan_accounts.account)
            """,
            [.moment(now), .id(invoice)]
        )
    }
}

extension SQLRow {
    fileprivate mutating func watchedAccount() throws -> WatchedAccount {
        let (account, subject) = (try text(), try text())
        let (closesAt, activeUntil, dueAt) = (try moment(), try moment(), try moment())
        return WatchedAccount(
            account: account,
            subject: subject,
            closesAt: closesAt,
            activeUntil: activeUntil,
            isOpen: dueAt == WatchedAccount.always,
            position: try optionalText(),
            completeUntil: try optionalMoment(),
            hasProblem: try flag()
        )
    }
}
