extension Schema {
    /// Links that everybody can buy by, and which invoice was opened by which.
    static let paymentLinks = Migration(
        number: 13,
        statements: [
            """
            CREATE TABLE payment_links (id TEXT NOT NULL PRIMARY KEY, merchant TEXT NOT NULL REFERENCES merchants (id),
            title TEXT NOT NULL, summary TEXT NOT NULL, asset TEXT NOT NULL, price TEXT NOT NULL, template TEXT NOT NULL,
            stock {integer}, is_active {integer} NOT NULL, created_at {integer} NOT NULL) {table}
            """,
            "CREATE INDEX payment_links_of_merchant ON payment_links (merchant, id)",
            "ALTER TABLE invoices ADD COLUMN payment_link TEXT",
            "CREATE INDEX invoices_of_link ON invoices (payment_link, state) WHERE payment_link IS NOT NULL",
        ]
    )
}
