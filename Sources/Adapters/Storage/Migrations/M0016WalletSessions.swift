extension Schema {
    /// Sessions with customers' wallets.
    static let walletSessions = Migration(
        number: 16,
        statements: [
            """
            CREATE TABLE wallet_sessions (id TEXT NOT NULL PRIMARY KEY, invoice TEXT NOT NULL REFERENCES invoices (id),
            option TEXT NOT NULL REFERENCES payment_options (id), wallet TEXT NOT NULL, bridge TEXT NOT NULL,
            secret {bytes} NOT NULL, link TEXT NOT NULL, state TEXT NOT NULL, peer TEXT, account TEXT, reason TEXT,
            last_event TEXT, created_at {integer} NOT NULL, expires_at {integer} NOT NULL) {table}
            """,
            "CREATE INDEX wallet_sessions_of_invoice ON wallet_sessions (invoice, id)",
            "CREATE INDEX wallet_sessions_open ON wallet_sessions (expires_at) WHERE state IN ('waiting', 'asked')",
        ]
    )
}
