package import Money
package import Seams

/// States the balances as the rail reports them.
package protocol BalanceStating: Sendable {
    /// The rail's own view of the balances of our accounts: the given accounts of single options, and the standing
    /// ones.
    ///
    /// - Parameters:
    ///   - accounts: the accounts of single options.
    ///   - position: the scan cursor, on rails that can state earlier balances; nil for the balances now.
    /// - Throws: ``ProviderError``.
    /// - Returns: the totals.
    func balances(of accounts: [ScanAccount], at position: String?) async throws(ProviderError) -> ProviderStatement
}

extension BalanceStating {
    /// The rail's own view of the balances as they are now.
    ///
    /// - Throws: ``ProviderError``.
    package func balances(of accounts: [ScanAccount]) async throws(ProviderError) -> ProviderStatement {
        try await balances(of: accounts, at: nil)
    }
}

/// The balances that a rail reports.
package struct ProviderStatement: Hashable, Sendable {
    /// The total in each asset.
    package let balances: [Amount]
    /// Totals that need more than 255 bits and so are no amounts: smallest units as decimal text.
    package let beyondAmounts: [AssetID: String]
    /// Assets whose own contract on the rail does not state balances.
    package let untold: Set<AssetID>
    /// The moment of the balances, by the rail's clock.
    package let asOf: Timestamp
    /// Where the figures come from, for a person.
    package let source: String

    /// A rail's own view.
    package init(
        balances: [Amount],
        beyondAmounts: [AssetID: String] = [:],
        untold: Set<AssetID> = [],
        asOf: Timestamp,
        source: String
    ) {
        self.balances = balances
        self.beyondAmounts = beyondAmounts
        self.untold = untold
        self.asOf = asOf
        self.source = source
    }
}
