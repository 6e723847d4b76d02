import BigInt
package import Money

/// The trial balance of a period: opening balances, postings, and closing balances; while the period is not over, the
/// current ones.
package struct PeriodBalance: Hashable, Sendable {
    /// One account in one asset.
    package struct Line: Hashable, Sendable {
        /// The account.
        package let account: AccountID
        /// The balance at the end of the period before.
        package let opening: AmountSum
        /// The period's debits.
        package let debit: AmountSum
        /// The period's credits, as a positive sum.
        package let credit: AmountSum
        /// The balance at the end of the period.
        package let closing: AmountSum

        /// Whether the closing balance is the opening balance plus debits less credits.
        package var addsUp: Bool { opening.units + debit.units - credit.units == closing.units }
    }

    private struct Key: Hashable {
        let account: AccountID
        let asset: AssetID
    }

    /// The period.
    package let period: LedgerPeriod
    /// The lines, ordered by account and asset.
    package let lines: [Line]

    /// The trial balance of a period.
    ///
    /// - Parameters:
    ///   - period: the period.
    ///   - opening: the balances at the end of the period before.
    ///   - booked: the postings of the period.
    ///   - closing: the balances at the end of the period.
    package init(
        of period: LedgerPeriod,
        opening: [(account: AccountID, amount: Amount)],
        booked: TrialBalance,
        closing: [(account: AccountID, amount: Amount)]
    ) {
        func sums(_ balances: [(account: AccountID, amount: Amount)]) -> [Key: AmountSum] {
            let keyed = balances.map { balance in
                let amount = balance.amount
                let sum = AmountSum(of: amount.asset, units: BigInt(amount.units))
                return (Key(account: balance.account, asset: amount.asset), sum)
            }
            return Dictionary(keyed) { first, _ in first }
        }
        let (opened, closed) = (sums(opening), sums(closing))
        let lines = booked.lines.map { (Key(account: $0.account, asset: $0.balance.asset), $0) }
        let moved = Dictionary(lines) { first, _ in first }
        self.period = period
        self.lines = Set(opened.keys).union(closed.keys).union(moved.keys)
            .sorted { ($0.account, $0.asset) < ($1.account, $1.asset) }
            .map { key in
                let none = AmountSum(of: key.asset)
                return Line(
                    account: key.account,
                    opening: opened[key] ?? none,
                    debit: moved[key]?.debit ?? none,
                    credit: moved[key]?.credit ?? none,
                    closing: closed[key] ?? none
                )
            }
    }

    /// The sums of all accounts in an asset.
    package struct Total: Hashable, Sendable {
        /// All opening balances; zero when the books balanced.
        package internal(set) var opening: AmountSum
        /// All debits.
        package internal(set) var debit: AmountSum
        /// All credits; as much as all debits.
        package internal(set) var credit: AmountSum
        /// All closing balances; zero when the books balance.
        package internal(set) var closing: AmountSum

        /// Whether the books balanced before and after, and debits are credits.
        package var isBalanced: Bool { opening.isZero && closing.isZero && debit == credit }
    }

    /// The sums of each asset.
    package var totals: [Total] {
        var totals: [AssetID: Total] = [:]
        for line in lines {
            let none = AmountSum(of: line.opening.asset)
            totals[none.asset, default: Total(opening: none, debit: none, credit: none, closing: none)].add(line)
        }
        return totals.values.sorted { $0.opening.asset < $1.opening.asset }
    }

    /// Whether each line adds up, and each asset balances.
    package var isBalanced: Bool { lines.allSatisfy(\.addsUp) && totals.allSatisfy(\.isBalanced) }
}

extension PeriodBalance.Total {
    fileprivate mutating func add(_ line: PeriodBalance.Line) {
        opening.add(line.opening.units)
        debit.add(line.debit.units)
        credit.add(line.credit.units)
        closing.add(line.closing.units)
    }
}
