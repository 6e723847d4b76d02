package import BigInt
package import Money

/// The balance of each account at the end of each period with a posting, computed from the postings in the order of the
/// journal.
package struct BalanceHistory: Sendable {
    /// An account in an asset.
    package struct Key: Hashable, Sendable {
        /// The account.
        package let account: AccountID
        /// The asset.
        package let asset: AssetID
    }

    /// The balance of an account at the end of a period.
    package struct Balance: Hashable, Sendable {
        /// The period.
        package let period: LedgerPeriod
        /// Debits less credits since the beginning of the journal, in smallest units.
        package internal(set) var units: BigInt
    }

    /// The balances of each account, the earliest period first.
    package private(set) var balances: [Key: [Balance]] = [:]

    /// An empty history.
    package init() {}

    /// Adds a posting of the newest period; sums are exact and never overflow.
    package mutating func add(_ posting: Posting, in period: LedgerPeriod) {
        let key = Key(account: posting.account, asset: posting.amount.asset)
        balances[key, default: []].add(BigInt(posting.amount.units), in: period)
    }
}

extension [BalanceHistory.Balance] {
    /// Changes the balance of a period, which begins with the closing balance of the period before.
    fileprivate mutating func add(_ units: BigInt, in period: LedgerPeriod) {
        if let last, last.period != period {
            append(.init(period: period, units: last.units + units))
        } else if isEmpty {
            append(.init(period: period, units: units))
        } else {
            self[count - 1].units += units
        }
    }
}
