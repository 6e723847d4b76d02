extension Schema {
    /// Subscriptions, which invoices belong to them, and the lines of invoices.
    static let subscriptions = Migration(
        number: 17,
        statements: [
            """
            CREATE TABLE subscriptions (id TEXT NOT NULL PRIMARY KEY, merchant TEXT NOT NULL REFERENCES merchants (id),
            invoice TEXT NOT NULL, reference TEXT, title TEXT NOT NULL, summary TEXT NOT NULL, asset TEXT NOT NULL,
            price TEXT NOT NULL, metadata TEXT NOT NULL, created_at {integer} NOT NULL, expires_at {integer} NOT NULL,
            state TEXT NOT NULL, payer TEXT, charge TEXT, period_end {integer}, ended_at {integer},
            due_at {integer} NOT NULL) {table}
            """,
            "CREATE INDEX subscriptions_of_merchant ON subscriptions (merchant, id)",
            "CREATE INDEX subscriptions_due ON subscriptions (due_at) WHERE state <> 'ended'",
            "ALTER TABLE invoices ADD COLUMN subscription TEXT",
            "CREATE INDEX invoices_of_subscription ON invoices (subscription, id) WHERE subscription IS NOT NULL",
            "ALTER TABLE invoices ADD COLUMN lines TEXT",
        ]
    )
}
