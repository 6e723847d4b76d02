import BigInt
package import Money

/// The balance of every account in every asset, from the postings; all balances of an asset sum to zero.
package struct TrialBalance: Hashable, Sendable {
    /// One account in one asset.
    package struct Line: Hashable, Sendable {
        /// The account.
        package let account: AccountID
        /// All its debits.
        package internal(set) var debit: AmountSum
        /// All its credits, as a positive sum.
        package internal(set) var credit: AmountSum
        /// Debits less credits.
        package internal(set) var balance: AmountSum
    }

    private struct Key: Hashable {
        let account: AccountID
        let asset: AssetID
    }

    private var byKey: [Key: Line] = [:]

    /// An empty trial balance.
    package init() {}

    /// Adds a posting; sums are exact and never overflow.
    package mutating func add(_ posting: Posting) {
        let asset = posting.amount.asset
        let key = Key(account: posting.account, asset: asset)
        let none = AmountSum(of: asset)
        var line = byKey[key] ?? Line(account: posting.account, debit: none, credit: none, balance: none)
        let units = BigInt(posting.amount.units)
        if units < 0 { line.credit.add(-units) } else { line.debit.add(units) }
        line.balance.add(units)
        byKey[key] = line
    }

    /// The lines, ordered by account and asset.
    package var lines: [Line] {
        byKey.values.sorted { ($0.account, $0.balance.asset) < ($1.account, $1.balance.asset) }
    }

    /// The sum of all balances of each asset; zero for each when the books balance.
    package var totals: [AmountSum] {
        var sums: [AssetID: AmountSum] = [:]
        for line in byKey.values {
            sums[line.balance.asset, default: AmountSum(of: line.balance.asset)].add(line.balance.units)
        }
        return sums.values.sorted { $0.asset < $1.asset }
    }

    /// Whether all balances of each asset sum to zero.
    package var isBalanced: Bool { totals.allSatisfy(\.isZero) }
}
