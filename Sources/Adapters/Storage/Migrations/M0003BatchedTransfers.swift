extension Schema {
    /// What transfers need that are signed together, which of them each one is, and the numbers that a provider has used;
    /// and what was ended when a rail's history changes.
    static let batchedTransfers = Migration(
        number: 3,
        statements: [
            "ALTER TABLE outgoing ADD COLUMN position {integer} NOT NULL DEFAULT 0",
            "CREATE INDEX outgoing_by_sequence ON outgoing (provider, sequence) WHERE sequence IS NOT NULL",
            "CREATE INDEX outgoing_by_end ON outgoing (provider, finished_at) WHERE finished_at IS NOT NULL",
        ]
    )
}
