package import Money
package import Seams

/// Rates that the operator has set in the configuration; other pairs are left to another source.
package struct FixedRates: RateSource {
    private struct Entry {
        let rate: Rate
        let validFor: Duration
    }

    private let entries: [Entry]
    private let others: any RateSource

    /// The rates of a configuration, each taken as observed at the moment when it is read.
    ///
    /// - Throws: ``ConfigurationError`` when a rate is not valid.
    package init(
        _ rates: [GatewayConfiguration.FixedRate],
        otherwise others: any RateSource
    ) throws(ConfigurationError) {
        self.others = others
        var entries: [Entry] = []
        for rate in rates {
            do {
                let parsed = try Rate(
                    base: AssetID(rate.base),
                    quote: AssetID(rate.quote),
                    price: rate.price,
                    source: "configuration",
                    observedAt: Timestamp(seconds: 0)
                )
                entries.append(Entry(rate: parsed, validFor: .seconds(rate.validFor)))
            } catch { throw ConfigurationError("the rate of \(rate.base) in \(rate.quote): \(error)") }
            guard (1...86_400).contains(rate.validFor) else {
                throw ConfigurationError("valid_for of \(rate.base) in \(rate.quote) lies between 1 and 86400 seconds")
            }
        }
        self.entries = entries
    }

    /// The price of one major unit of `base` in `quote`.
    ///
    /// - Throws: `MoneyError` with the code `noRate` when neither the configuration nor the other source has one.
    package func rate(_ base: AssetID, in quote: AssetID, at now: Timestamp) throws(MoneyError) -> Quote {
        guard let entry = entries.first(where: { $0.rate.base == base && $0.rate.quote == quote }) else {
            return try others.rate(base, in: quote, at: now)
        }
        let rate = try Rate(
            base: base,
            quote: quote,
            numerator: entry.rate.numerator,
            denominator: entry.rate.denominator,
            source: entry.rate.source,
            observedAt: now
        )
        return Quote(rate: rate, validUntil: now.advanced(by: entry.validFor))
    }
}
