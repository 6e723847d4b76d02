extension Schema {
    /// The payments of every provider by moment: which histories can turn back is the providers' own matter.
    static let paymentsByMoment = Migration(
        number: 41,
        statements: [
            "DROP INDEX payments_by_moment",
            "CREATE INDEX payments_by_moment ON payments (provider, occurred_at)",
        ]
    )
}
