extension Schema {
    /// What customers are told in a chat of theirs, once for each payment and refund.
    static let customerNotices = Migration(
        number: 14,
        statements: [
            """
            CREATE TABLE customer_notices (subject TEXT NOT NULL PRIMARY KEY, source TEXT NOT NULL,
            payment TEXT NOT NULL REFERENCES payments (id), due_at {integer} NOT NULL, finished_at {integer},
            outcome TEXT) {table}
            """,
            "CREATE INDEX customer_notices_due ON customer_notices (due_at) WHERE finished_at IS NULL",
        ]
    )
}
