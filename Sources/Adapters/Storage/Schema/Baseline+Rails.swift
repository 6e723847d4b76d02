extension Schema {
    /// The state of scans, and the inbox of pushed messages.
    static let rails = [
        // An account of a rail belongs to one provider, for ever.
        "CREATE TABLE provider_accounts (account TEXT NOT NULL PRIMARY KEY, provider TEXT NOT NULL) {table}",
        """
        CREATE TABLE provider_places (provider TEXT NOT NULL, place TEXT NOT NULL, met_at {moment} NOT NULL,
        PRIMARY KEY (provider, place)) {table}
        """,
        // Accounts of single options. One is looked at in every pass until its scan has passed the end of its invoice;
        // later it is due again from time to time.
        """
        CREATE TABLE scan_accounts (provider TEXT NOT NULL, account TEXT NOT NULL, subject TEXT NOT NULL,
        closes_at {moment} NOT NULL, active_until {moment} NOT NULL, due_at {moment} NOT NULL,
        PRIMARY KEY (provider, account, subject)) {table}
        """,
        "CREATE INDEX scan_accounts_due ON scan_accounts (provider, due_at)",
        """
        CREATE TABLE scan_cursors (provider TEXT NOT NULL, account TEXT NOT NULL, subject TEXT NOT NULL, position TEXT,
        complete_until {moment}, moved_at {moment}, problem TEXT, problem_at {moment},
        PRIMARY KEY (provider, account, subject)) {table}
        """,
        // Numbered in each book in the order of commits, because one writer at a time commits in a book. A reader goes
        // on behind the last number that it has read.
        """
        CREATE TABLE watched_accounts (book {integer} NOT NULL REFERENCES books (number), sequence {integer} NOT NULL,
        provider TEXT NOT NULL, account TEXT NOT NULL, PRIMARY KEY (book, sequence)) {table}
        """,
        "CREATE INDEX watched_accounts_of_provider ON watched_accounts (provider, book, sequence)",
        """
        CREATE TABLE holding_accounts (provider TEXT NOT NULL, account TEXT NOT NULL, book {integer} NOT NULL,
        option {id} NOT NULL, is_empty {flag} NOT NULL, PRIMARY KEY (provider, account), \(openedAtProvider)) {table}
        """,
        // The balances of accounts at each moment at which they were seen. Units are text: they may be more than an
        // amount.
        """
        CREATE TABLE account_balances (provider TEXT NOT NULL, account TEXT NOT NULL, asset TEXT NOT NULL,
        seen_at {moment} NOT NULL, units TEXT NOT NULL, PRIMARY KEY (provider, account, asset, seen_at)) {table}
        """,
        "CREATE INDEX account_balances_by_time ON account_balances (provider, seen_at)",
        // What changed accounts of options without a trace, and stands: it is undone when their balances take it back.
        """
        CREATE TABLE untraced_changes (provider TEXT NOT NULL, key TEXT NOT NULL, account TEXT NOT NULL,
        asset TEXT NOT NULL, units TEXT NOT NULL, occurred_at {moment} NOT NULL, PRIMARY KEY (provider, key)) {table}
        """,
        "CREATE INDEX untraced_changes_of_account ON untraced_changes (provider, account, asset, occurred_at)",
        // Of the unfinished messages of a lane, the first one alone is due. `payment` is the digest of the key of the
        // payment that a message reports.
        """
        CREATE TABLE inbox (sequence {identity} NOT NULL PRIMARY KEY, source TEXT NOT NULL, key TEXT NOT NULL,
        lane TEXT NOT NULL, is_money {flag} NOT NULL, payment {bytes}, body {bytes} NOT NULL,
        received_at {moment} NOT NULL, due_at {moment}, finished_at {moment}, outcome TEXT, UNIQUE (source, key),
        CHECK (due_at IS NULL OR finished_at IS NULL)) {serial}
        """,
        "CREATE UNIQUE INDEX inbox_firsts ON inbox (lane) WHERE due_at IS NOT NULL",
        "CREATE INDEX inbox_due ON inbox (is_money, source, due_at) WHERE due_at IS NOT NULL",
        "CREATE INDEX inbox_lanes ON inbox (lane, sequence) WHERE finished_at IS NULL",
        "CREATE INDEX inbox_payments ON inbox (payment) WHERE payment IS NOT NULL AND finished_at IS NULL",
    ]
}
