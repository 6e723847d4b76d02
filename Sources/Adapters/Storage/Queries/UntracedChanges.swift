import BigInt
package import Money
package import Payments
package import Seams

/// A change of an account that left no trace, that nobody can explain, and that stands.
package struct UntracedChange: Hashable, Sendable {
    /// Under which it is recorded: as a movement, or set aside when it is too large to be one.
    package let key: NaturalKey
    /// By how much the account changed.
    package let sum: AmountSum
    /// When, by the rail's clock.
    package let occurredAt: Timestamp

    /// A change.
    package init(key: NaturalKey, sum: AmountSum, occurredAt: Timestamp) {
        self.key = key
        self.sum = sum
        self.occurredAt = occurredAt
    }
}

/// What changed accounts of options without a trace.
///
/// What an account held at a moment is the sum of what is recorded of it up to then and stands. When something of an earlier
/// moment is undone, it has never been, and what the account held since is changed with it: a reorganisation that goes back
/// to a moment in between finds what it would have found without it.
extension SQLSession {
    /// The changes of an account that stand, the oldest first.
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

    /// Remembers a change of an account.
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

    /// Forgets a change that was undone; others know nothing by its key.
    package func forgetUntracedChange(_ key: NaturalKey, provider: String) throws {
        try execute(
            "DELETE FROM untraced_changes WHERE provider = $1 AND key = $2",
            [.text(provider), .text(key.text)]
        )
    }

    /// The different sums that an account held since a moment.
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

    /// Takes something that was recorded at a moment, and is undone, out of what an account held since.
    package func take(
        _ undone: AmountSum,
        outOfBalancesOf account: String,
        provider: String,
        since moment: Timestamp
    ) throws {
        let held = try accountBalances(provider: provider, account: account, asset: undone.asset, since: moment)
        // No sum becomes one that has not been changed yet.
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
