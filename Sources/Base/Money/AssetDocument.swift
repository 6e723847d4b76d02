import Seams

/// The form of `Config/assets.yaml`.
public struct AssetDocument: Codable, Sendable {
    /// One asset of the list.
    public struct Entry: Codable, Sendable {
        /// The asset's identifier.
        public let id: AssetID
        /// Its short code.
        public let code: String
        /// What people call it.
        public let name: String
        /// How many decimal digits its smallest unit has.
        public let scale: Int
        /// How many its rail can carry; none: all.
        public let wireScale: Int?
        /// The least that is paid out, a decimal text; none: a thousandth.
        public let payoutMinimum: String?
        /// Its tickers with the day (seconds since 1970) from which they hold, the oldest first.
        public let tickers: [Ticker]?

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
    public struct Ticker: Codable, Sendable {
        /// The ticker.
        public let ticker: String
        /// Seconds since 1970 from which it holds; none: always.
        public let from: Int64?
    }

    /// The assets.
    public let assets: [Entry]

    /// The registry of the listed assets.
    ///
    /// - Throws: ``MoneyError`` when one is listed twice, a scale lies outside 0 to 77, or a minimum is no amount.
    public func registry() throws(MoneyError) -> AssetRegistry {
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
