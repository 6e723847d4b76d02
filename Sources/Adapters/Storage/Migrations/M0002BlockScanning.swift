extension Schema {
    /// What rails need that are read in blocks, and whose history can change; and leases of those who do the work.
    ///
    /// Watched accounts are numbered in the order in which they are committed, which holds because one writer commits at
    /// a time; whoever has read up to a number reads on from there.
    static let blockScanning = Migration(
        number: 2,
        statements: [
            """
            CREATE TABLE watched_accounts (sequence {identity} NOT NULL PRIMARY KEY, provider TEXT NOT NULL,
            account TEXT NOT NULL) {serial}
            """,
            "CREATE INDEX watched_accounts_of_provider ON watched_accounts (provider, sequence)",
            """
            CREATE TABLE sightings (provider TEXT NOT NULL, natural_key TEXT NOT NULL, option TEXT NOT NULL,
            invoice TEXT NOT NULL REFERENCES invoices (id), asset TEXT NOT NULL, amount TEXT NOT NULL, payer TEXT,
            confirmations {integer} NOT NULL, required {integer} NOT NULL, occurred_at {integer} NOT NULL,
            PRIMARY KEY (provider, natural_key)) {table}
            """,
            """
            CREATE TABLE holding_accounts (provider TEXT NOT NULL, account TEXT NOT NULL, option TEXT NOT NULL,
            is_empty {integer} NOT NULL, PRIMARY KEY (provider, account)) {table}
            """,
            """
            CREATE TABLE leases (name TEXT NOT NULL PRIMARY KEY, holder TEXT NOT NULL, token {integer} NOT NULL,
            expires_at {integer} NOT NULL) {table}
            """,
            "CREATE INDEX sightings_of_invoice ON sightings (invoice)",
            "CREATE INDEX payments_by_moment ON payments (provider, occurred_at)",
            "CREATE INDEX payments_unmatched ON payments (provider, payer) WHERE classification = 'unmatched'",
            "CREATE INDEX cases_of_invoice ON cases (invoice) WHERE invoice IS NOT NULL",
        ]
    )
}
