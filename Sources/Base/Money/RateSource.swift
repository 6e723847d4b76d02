package import Seams

/// What one asset costs in another, now.
package protocol RateSource: Sendable {
    /// The price of one major unit of `base` in `quote`.
    ///
    /// - Throws: ``MoneyError`` with ``MoneyError/Code/noRate`` when there is none that is fresh enough.
    func rate(_ base: AssetID, in quote: AssetID, at now: Timestamp) throws(MoneyError) -> Quote
}
