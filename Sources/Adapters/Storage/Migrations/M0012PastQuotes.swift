extension Schema {
    /// The quotes that held for an option before the one that holds now, and the wishes that it is opened with again.
    static let pastQuotes = Migration(
        number: 12,
        statements: [
            "ALTER TABLE payment_options ADD COLUMN renewals {integer} NOT NULL DEFAULT 0",
            "ALTER TABLE payment_options ADD COLUMN settings TEXT NOT NULL DEFAULT '{}'",
            """
            CREATE TABLE past_quotes (option TEXT NOT NULL REFERENCES payment_options (id), number {integer} NOT NULL,
            asset TEXT NOT NULL, due TEXT NOT NULL, quote TEXT NOT NULL, PRIMARY KEY (option, number)) {table}
            """,
        ]
    )
}
