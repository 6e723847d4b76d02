extension Schema {
    /// The payment provider's own numbers of refunds that were made there: each is booked once.
    static let refundsElsewhere = Migration(
        number: 32,
        statements: [
            "ALTER TABLE outgoing ADD COLUMN elsewhere TEXT",
            "CREATE UNIQUE INDEX outgoing_elsewhere ON outgoing (provider, elsewhere) WHERE elsewhere IS NOT NULL",
        ]
    )
}
