extension Schema {
    /// Where the owners of bots are told what goes wrong, and what they are told: that an endpoint was switched off.
    static let ownerNotices = Migration(
        number: 40,
        statements: [
            "ALTER TABLE bots ADD COLUMN owner_chat TEXT",
            """
            CREATE TABLE owner_notices (endpoint TEXT NOT NULL, disabled_at {integer} NOT NULL, merchant TEXT NOT NULL
            REFERENCES merchants (id), url TEXT NOT NULL, reason TEXT NOT NULL, due_at {integer} NOT NULL,
            finished_at {integer}, outcome TEXT, PRIMARY KEY (endpoint, disabled_at)) {table}
            """,
            "CREATE INDEX owner_notices_due ON owner_notices (due_at) WHERE finished_at IS NULL",
        ]
    )
}
