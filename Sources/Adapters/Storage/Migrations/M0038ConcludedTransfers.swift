extension Schema {
    /// When a rail's history decided the fate of a transfer, by the rail's own clock: a reorganisation is told in the same
    /// clock, and a chain's clock and ours may differ by any amount.
    static let concludedTransfers = Migration(
        number: 38,
        statements: [
            "ALTER TABLE outgoing ADD COLUMN concluded_at {integer}",
            "UPDATE outgoing SET concluded_at = finished_at WHERE prepared IS NOT NULL",
            "DROP INDEX outgoing_elsewhere",
            """
            CREATE UNIQUE INDEX outgoing_elsewhere ON outgoing (provider, merchant, elsewhere)
            WHERE elsewhere IS NOT NULL
            """,
            "DROP INDEX outgoing_by_end",
            "CREATE INDEX outgoing_by_end ON outgoing (provider, concluded_at) WHERE concluded_at IS NOT NULL",
        ]
    )
}
