extension Schema {
    /// What accounts held at each moment at which they were seen, so that a change of the rail's history finds again what
    /// they held before it.
    static let balancesInTime = Migration(
        number: 39,
        statements: [
            "ALTER TABLE account_balances RENAME TO account_balances_last",
            """
            CREATE TABLE account_balances (provider TEXT NOT NULL, account TEXT NOT NULL, asset TEXT NOT NULL,
            seen_at {integer} NOT NULL, units TEXT NOT NULL, PRIMARY KEY (provider, account, asset, seen_at)) {table}
            """,
            """
            INSERT INTO account_balances (provider, account, asset, seen_at, units)
            SELECT provider, account, asset, 0, units FROM account_balances_last
            """,
            "DROP TABLE account_balances_last",
            "CREATE INDEX account_balances_by_time ON account_balances (provider, seen_at)",
        ]
    )
}
