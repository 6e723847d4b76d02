extension Schema {
    /// What customers have told, sealed; who is told of it; and messages of rails that are kept no longer than they are of
    /// use.
    static let personalData = Migration(
        number: 34,
        statements: [
            """
            CREATE TABLE personal_data (payment TEXT NOT NULL PRIMARY KEY REFERENCES payments (id), sealed {bytes},
            kept_at {integer}, erased_at {integer}, erased_by TEXT) {table}
            """,
            "ALTER TABLE webhook_endpoints ADD COLUMN personal_data {integer} NOT NULL DEFAULT 0",
            "ALTER TABLE set_aside ADD COLUMN sealed {integer} NOT NULL DEFAULT 0",
            "ALTER TABLE inbox ADD COLUMN sealed {integer} NOT NULL DEFAULT 0",
            "UPDATE inbox SET body = CAST('' AS {bytes}) WHERE finished_at IS NOT NULL",
        ]
    )
}
