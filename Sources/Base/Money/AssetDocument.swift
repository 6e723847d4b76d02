import Seams

/// The form of `Config/assets.yaml`.
package struct AssetDocument: Codable, Sendable {
    /// One asset of the list.
    package struct Entry: Codable, Sendable {
        /// The asset's identifier.
        package let id: AssetID
        /// Its short code.
        package let code: String
        /// Its name for people.
        package let name: String
        /// How many decimal digits its smallest unit has.
        package let scale: Int
        /// How many its rail can carry; nil for all.
        package let wireScale: Int?
        /// The least amount of a payout, a decimal text; nil for a thousandth.
        package let payoutMinimum: String?
        /// Its tickers with the day (seconds since 1970) from which they hold, the oldest first.
        package let tickers: [Ticker]?

        enum CodingKeys: String, CodingKey {
            case id
            case code
            case name
            case scale
            case wireScale = "wire_scale"
            case payoutMinimum = "payout_minimum"
            case tickers
        }
    }

    /// A ticker from a moment on.
    package struct Ticker: Codable, Sendable {
        /// The ticker.
        package let ticker: String
        /// Seconds since 1970 from which it holds; nil for always.
        package let from: Int64?
    }

    /// The assets.
    package let assets: [Entry]

    /// The registry of the listed assets.
    ///
    /// - Throws: ``MoneyError`` when one is listed twice, a scale lies outside 0 to 77, or a minimum is not an amount.
    package func registry() throws(MoneyError) -> AssetRegistry {
        var assets: [Asset] = []
        for entry in self.assets {
            guard (0...77).contains(entry.scale), (0...entry.scale).contains(entry.wireScale ?? entry.scale) else {
                throw .malformed("the scale of \(entry.id) has to lie between 0 and 77, and the wire's below it")
            }
            let names = (entry.tickers ?? []).map { ticker in
                Asset.DisplayName(ticker: ticker.ticker, from: ticker.from.map(Timestamp.init(seconds:)))
            }
            var asset = Asset(
                id: entry.id,
                code: entry.code,
                name: entry.name,
                scale: entry.scale,
                wireScale: entry.wireScale,
                displayNames: names
            )
            if let minimum = entry.payoutMinimum { asset.payoutMinimum = try asset.amount(minimum) }
            assets.append(asset)
        }
        return try AssetRegistry(assets)
    }
}
