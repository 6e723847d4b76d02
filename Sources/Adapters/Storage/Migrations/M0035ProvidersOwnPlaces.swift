extension Schema {
    /// What was opened at a provider is paid there only, and an account of a rail is one provider's.
    ///
    /// A payment, and an account that may hold money, name an option where it was opened. Rows that do not, which older
    /// versions let in, keep everything but the option, and a case tells the operator of each.
    static let providersOwnPlaces = Migration(
        number: 35,
        statements: [
            "CREATE TABLE provider_accounts (account TEXT NOT NULL PRIMARY KEY, provider TEXT NOT NULL) {table}",
            """
            INSERT INTO cases (id, reason, payment, state, opened_at, detail)
            SELECT 'case_' || substr(p.id, 5), 'foreign_reference', p.id, 'open', p.recorded_at, 'it named the option '
            || p.option || ', which was not opened at ' || p.provider || ': look to whom it was credited'
            FROM payments p WHERE p.option IS NOT NULL AND \(isForeign("p"))
            """,
            "UPDATE payments SET option = NULL WHERE option IS NOT NULL AND \(isForeign("payments"))",
            """
            INSERT INTO cases (id, reason, state, opened_at, detail)
            SELECT 'case_' || substr(h.option, 5), 'foreign_reference', 'open',
            (SELECT COALESCE(MAX(recorded_at), 0) FROM payments), 'the account ' || MIN(h.account) || ' at '
            || MIN(h.provider) || ' was kept for the option ' || h.option
            || ', which was not opened there: look what it holds'
            FROM holding_accounts h WHERE \(isForeign("h")) GROUP BY h.option
            """,
            "DELETE FROM holding_accounts WHERE \(isForeign("holding_accounts"))",
        ],
        foreignKeys: ["payments", "holding_accounts"].map { ForeignKey(of: $0, opened) }
    )

    private static let opened = "FOREIGN KEY (option, provider) REFERENCES payment_options (id, provider)"

    private static func isForeign(_ row: String) -> String {
        """
        NOT EXISTS (SELECT 1 FROM payment_options o WHERE o.id = \(row).option AND o.provider = \(row).provider)
        """
    }
}
