public import Money
public import Seams

/// What accounts of ours held where they were last seen in a rail's history.
extension SQLSession {
    /// What an account held when it was last seen; none when it was not, or nobody knows.
    public func accountBalance(provider: String, account: String, asset: AssetID) throws -> Amount? {
        try first(
            "SELECT asset, units FROM account_balances WHERE provider = $1 AND account = $2 AND asset = $3",
            [.text(provider), .text(account), .text(asset.text)]
        ) { try $0.amount() }
    }

    /// Remembers what an account holds.
    public func setAccountBalance(provider: String, account: String, to amount: Amount) throws {
        try execute(
            """
            INSERT INTO account_balances (provider, account, asset, units) VALUES ($1, $2, $3, $4)
            ON CONFLICT (provider, account, asset) DO UPDATE SET units = excluded.units
            """,
            [.text(provider), .text(account), .asset(amount), .units(amount)]
        )
    }

    /// Forgets what accounts held: one, or all of a provider whose history is another now.
    public func forgetAccountBalances(provider: String, account: String? = nil) throws {
        try execute(
            "DELETE FROM account_balances WHERE provider = $1 AND (account = $2 OR $2 = '')",
            [.text(provider), .text(account ?? "")]
        )
    }

    /// Whether money of an option's account was ever recorded.
    public func isHolding(provider: String, account: String) throws -> Bool {
        try first(
            "SELECT 1 FROM holding_accounts WHERE provider = $1 AND account = $2",
            [.text(provider), .text(account)]
        ) { try $0.integer() } != nil
    }

    /// Accounts of options that can still be paid, from after one of them on in the order of their texts.
    public func activeAccounts(
        provider: String,
        activeAt moment: Timestamp,
        after account: String,
        limit: Int
    ) throws -> [StoredScanAccount] {
        try all(
            """
            SELECT account, subject FROM scan_accounts WHERE provider = $1 AND active_until >= $2 AND account > $3
            ORDER BY account LIMIT $4
            """,
            [.text(provider), .moment(moment), .text(account), .integer(Int64(limit))]
        ) { StoredScanAccount(account: try $0.text(), subject: try $0.text()) }
    }
}
