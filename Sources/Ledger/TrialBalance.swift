public import Money

/// What every account holds in every asset, from the postings; all of it together is nothing.
public struct TrialBalance: Hashable, Sendable {
    /// One account in one asset.
    public struct Line: Hashable, Sendable {
        /// The account.
        public let account: AccountID
        /// All its debits.
        public internal(set) var debit: Amount
        /// All its credits, as a positive amount.
        public internal(set) var credit: Amount
        /// Debits less credits.
        public internal(set) var balance: Amount
    }

    private struct Key: Hashable {
        let account: AccountID
        let asset: AssetID
    }

    private var byKey: [Key: Line] = [:]

    /// A trial balance of nothing.
    public init() {}

    /// Adds a posting.
    ///
    /// - Throws: `MoneyError` when a sum does not fit.
    public mutating func add(_ posting: Posting) throws(MoneyError) {
        let zero = Amount.zero(posting.amount.asset)
        let key = Key(account: posting.account, asset: posting.amount.asset)
        var line = byKey[key] ?? Line(account: posting.account, debit: zero, credit: zero, balance: zero)
        if posting.amount.isNegative {
            line.credit = try line.credit.subtracting(posting.amount)
        } else {
            line.debit = try line.debit.adding(posting.amount)
        }
        line.balance = try line.balance.adding(posting.amount)
        byKey[key] = line
    }

    /// The lines, ordered by account and asset.
    public var lines: [Line] {
        byKey.values.sorted { ($0.account, $0.balance.asset) < ($1.account, $1.balance.asset) }
    }

    /// The sum of all balances of each asset; zero for each when the books balance.
    ///
    /// - Throws: `MoneyError` when a sum does not fit.
    public func totals() throws(MoneyError) -> [Amount] {
        var sums: [AssetID: Amount] = [:]
        for line in byKey.values {
            let asset = line.balance.asset
            sums[asset] = try (sums[asset] ?? .zero(asset)).adding(line.balance)
        }
        return sums.values.sorted { $0.asset < $1.asset }
    }

    /// Whether all balances of each asset sum to zero.
    public var isBalanced: Bool {
        guard let totals = try? totals() else { return false }
        return totals.allSatisfy(\.isZero)
    }
}
