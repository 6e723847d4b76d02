extension Schema {
    /// What could not be understood or booked, and cases without an amount.
    static let setAside = Migration(
        number: 27,
        statements: [
            """
            CREATE TABLE set_aside (key TEXT NOT NULL, provider TEXT NOT NULL, case_id TEXT NOT NULL,
            account TEXT NOT NULL, asset TEXT, units TEXT, cause TEXT NOT NULL, explanation TEXT NOT NULL, bytes {bytes} NOT NULL,
            occurred_at {integer} NOT NULL, set_aside_at {integer} NOT NULL, gone_at {integer},
            PRIMARY KEY (key, provider)) {table}
            """,
            "CREATE INDEX set_aside_of_case ON set_aside (case_id)",
            "CREATE INDEX set_aside_of_provider ON set_aside (provider, occurred_at)",
            // Neither engine changes a column in the same words: the columns are made anew.
            "ALTER TABLE cases ADD COLUMN waiting_asset TEXT",
            "ALTER TABLE cases ADD COLUMN waiting_amount TEXT",
            "UPDATE cases SET waiting_asset = asset, waiting_amount = amount",
            "ALTER TABLE cases DROP COLUMN asset",
            "ALTER TABLE cases DROP COLUMN amount",
            "ALTER TABLE cases RENAME COLUMN waiting_asset TO asset",
            "ALTER TABLE cases RENAME COLUMN waiting_amount TO amount",
        ]
    )
}
