extension Schema {
    /// What transfers need that are signed together: which of them each one is, and the numbers that a provider has used.
    static let batchedTransfers = Migration(
        number: 3,
        statements: [
            "ALTER TABLE outgoing ADD COLUMN position {integer} NOT NULL DEFAULT 0",
            "CREATE INDEX outgoing_by_sequence ON outgoing (provider, sequence) WHERE sequence IS NOT NULL",
        ]
    )
}
