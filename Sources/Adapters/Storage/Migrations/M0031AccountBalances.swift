extension Schema {
    /// What accounts of ours held where they were last seen in a rail's history, so that what changes between two sights of
    /// them without a trace is found.
    static let accountBalances = Migration(
        number: 31,
        statements: [
            """
            CREATE TABLE account_balances (provider TEXT NOT NULL, account TEXT NOT NULL, asset TEXT NOT NULL,
            units TEXT NOT NULL, PRIMARY KEY (provider, account, asset)) {table}
            """
        ]
    )
}
