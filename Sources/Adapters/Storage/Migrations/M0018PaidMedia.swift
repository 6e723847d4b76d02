extension Schema {
    /// Paid media, and which invoice pays for which.
    static let paidMedia = Migration(
        number: 18,
        statements: [
            """
            CREATE TABLE paid_media (id TEXT NOT NULL PRIMARY KEY, merchant TEXT NOT NULL REFERENCES merchants (id),
            provider TEXT NOT NULL, chat TEXT NOT NULL, title TEXT NOT NULL, summary TEXT NOT NULL, asset TEXT NOT NULL,
            price TEXT NOT NULL, items TEXT NOT NULL, metadata TEXT NOT NULL, created_at {integer} NOT NULL,
            message {integer}) {table}
            """,
            "CREATE INDEX paid_media_of_merchant ON paid_media (merchant, id)",
            "ALTER TABLE invoices ADD COLUMN paid_media TEXT",
            "CREATE INDEX invoices_of_paid_media ON invoices (paid_media, id) WHERE paid_media IS NOT NULL",
        ]
    )
}
