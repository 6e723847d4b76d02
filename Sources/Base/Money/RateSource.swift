package import Seams

/// The current prices of assets in other assets.
package protocol RateSource: Sendable {
    /// The price of one major unit of `base` in `quote`.
    ///
    /// - Throws: ``MoneyError`` with ``MoneyError/Code/noRate`` when no rate is fresh enough.
    func rate(_ base: AssetID, in quote: AssetID, at now: Timestamp) throws(MoneyError) -> Quote
}
