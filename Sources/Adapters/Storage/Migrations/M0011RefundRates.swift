extension Schema {
    /// The rate by which a refund was measured.
    static let refundRates = Migration(
        number: 11,
        statements: [
            "ALTER TABLE outgoing ADD COLUMN quote TEXT"
        ]
    )
}
