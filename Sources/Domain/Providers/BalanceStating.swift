package import Money
package import Seams

/// Tells what the rail says is there.
package protocol BalanceStating: Sendable {
    /// The rail's own view of the balances of our accounts: the given ones of single options, and the standing ones.
    ///
    /// - Parameters:
    ///   - accounts: the accounts of single options.
    ///   - position: where the scan stands, on rails that can say what was there then; none: now.
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

/// What a rail says is there.
package struct ProviderStatement: Hashable, Sendable {
    /// The total in each asset.
    package let balances: [Amount]
    /// Totals that are no amount, because they need more than 255 bits: smallest units as decimal text.
    package let beyondAmounts: [AssetID: String]
    /// Assets of which the rail's own contract does not tell what accounts hold.
    package let untold: Set<AssetID>
    /// When, by the rail's clock.
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
