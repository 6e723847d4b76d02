import BigInt
package import Money
package import Payments
package import Seams

/// An unexplained change of an account's balance that stands.
package struct UntracedChange: Hashable, Sendable {
    /// Its natural key: of a movement, or of set-aside data when it is too large for one.
    package let key: NaturalKey
    /// The change.
    package let sum: AmountSum
    /// When it happened, by the rail's clock.
    package let occurredAt: Timestamp

    /// A change.
    package init(key: NaturalKey, sum: AmountSum, occurredAt: Timestamp) {
        self.key = key
        self.sum = sum
        self.occurredAt = occurredAt
    }
}

/// Unexplained changes of the accounts of options.
///
/// The balance of an account at a moment is the sum of its records up to then that stand. A record that is undone is taken
/// out of all later balances, so that a reorganisation back to a moment in between finds the right balance.
extension SQLSession {
    /// The unexplained changes of an account that stand, the oldest first.
    package func untracedChanges(provider: String, account: String, asset: AssetID) throws -> [UntracedChange] {
        try all(
            """
            SELECT key, occurred_at, asset, units FROM untraced_changes WHERE provider = $1 AND account = $2 AND asset = $3
            ORDER BY occurred_at, key
            """,
            [.text(provider), .text(account), .text(asset.text)]
        ) { row in
            let (key, moment) = (NaturalKey(stored: try row.text()), try row.moment())
            return UntracedChange(key: key, sum: try row.sum(), occurredAt: moment)
        }
    }

    /// Stores an unexplained change of an account.
    package func insert(_ change: UntracedChange, provider: String, account: String) throws {
        try execute(
            """
            INSERT INTO untraced_changes (provider, key, account, asset, units, occurred_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            [
                .text(provider), .text(change.key.text), .text(account), .text(change.sum.asset.text),
                .text("\(change.sum.units)"), .moment(change.occurredAt),
            ]
        )
    }

    /// Deletes a change that was undone.
    package func forgetUntracedChange(_ key: NaturalKey, provider: String) throws {
        try execute(
            "DELETE FROM untraced_changes WHERE provider = $1 AND key = $2",
            [.text(provider), .text(key.text)]
        )
    }

    /// The distinct balances of an account since a moment.
    package func accountBalances(
        provider: String,
        account: String,
        asset: AssetID,
        since moment: Timestamp
    ) throws -> [AmountSum] {
        try all(
            """
            SELECT DISTINCT asset, units FROM account_balances WHERE provider = $1 AND account = $2 AND asset = $3
            AND seen_at >= $4
            """,
            [.text(provider), .text(account), .text(asset.text), .moment(moment)]
        ) { try $0.sum() }
    }

    /// Takes a record of a moment that is undone out of the account's balances since.
    package func take(
        _ undone: AmountSum,
        outOfBalancesOf account: String,
        provider: String,
        since moment: Timestamp
    ) throws {
        let held = try accountBalances(provider: provider, account: account, asset: undone.asset, since: moment)
        // In this order no changed sum equals one that is still to be changed.
        let ordered = held.sorted { undone.units > 0 ? $0.units < $1.units : $0.units > $1.units }
        for sum in ordered {
            try execute(
                """
                UPDATE account_balances SET units = $1 WHERE provider = $2 AND account = $3 AND asset = $4
                AND seen_at >= $5 AND units = $6
                """,
                [
                    .text("\(sum.subtracting(undone).units)"), .text(provider), .text(account),
                    .text(undone.asset.text), .moment(moment), .text("\(sum.units)"),
                ]
            )
        }
    }
}
