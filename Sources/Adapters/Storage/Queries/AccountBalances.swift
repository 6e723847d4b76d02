package import Money
package import Seams

/// The balances of our accounts when they were last seen in a rail's history.
extension SQLSession {
    /// How far back balances are kept: further than any reorganisation reaches.
    private static var remembered: Duration { .seconds(7 * 86_400) }

    /// The balance of an account when it was last seen; nil when none is stored.
    package func accountBalance(provider: String, account: String, asset: AssetID) throws -> AmountSum? {
        try first(
            """
            SELECT asset, units FROM account_balances WHERE provider = $1 AND account = $2 AND asset = $3
            ORDER BY seen_at DESC LIMIT 1
            """,
            [.text(provider), .text(account), .text(asset.text)]
        ) { try $0.sum() }
    }

    /// Stores the balance of an account at a moment of the rail's history.
    package func setAccountBalance(
        provider: String,
        account: String,
        to balance: AmountSum,
        at moment: Timestamp
    ) throws {
        try execute(
            """
            INSERT INTO account_balances (provider, account, asset, seen_at, units) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (provider, account, asset, seen_at) DO UPDATE SET units = excluded.units
            """,
            [.text(provider), .text(account), .text(balance.asset.text), .moment(moment), .text("\(balance.units)")]
        )
        // The last balance before the time that is kept stays, as its beginning.
        try execute(
            """
            DELETE FROM account_balances WHERE provider = $1 AND account = $2 AND asset = $3 AND seen_at < (SELECT
            MAX(b.seen_at) FROM account_balances b WHERE b.provider = $1 AND b.account = $2 AND b.asset = $3
            AND b.seen_at <= $4)
            """,
            [
                .text(provider), .text(account), .text(balance.asset.text),
                .moment(moment.advanced(by: .zero - Self.remembered)),
            ]
        )
    }

    /// Forgets the balances of a provider's accounts after a moment, from which on its history has changed.
    package func forgetAccountBalances(provider: String, after moment: Timestamp) throws {
        try execute(
            "DELETE FROM account_balances WHERE provider = $1 AND seen_at > $2",
            [.text(provider), .moment(moment)]
        )
    }

    /// Whether money of an option's account was ever recorded.
    package func isHolding(provider: String, account: String) throws -> Bool {
        try first(
            "SELECT 1 FROM holding_accounts WHERE provider = $1 AND account = $2",
            [.text(provider), .text(account)]
        ) { try $0.integer() } != nil
    }

    /// Accounts of options that can still be paid, after a given account in the order of their texts.
    package func activeAccounts(
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
