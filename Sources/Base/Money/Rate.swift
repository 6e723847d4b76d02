package import BigInt
package import Seams

/// The price of one major unit of an asset in major units of another: an exact ratio, with its source and its time.
package struct Rate: Hashable, Sendable {
    /// The asset that has a price.
    package let base: AssetID
    /// The asset that the price is in.
    package let quote: AssetID
    /// The price is `numerator / denominator`, in lowest terms.
    package let numerator: BigUInt
    /// The price is `numerator / denominator`, in lowest terms.
    package let denominator: BigUInt
    /// The source.
    package let source: String
    /// When it was observed.
    package let observedAt: Timestamp

    /// A rate.
    ///
    /// - Throws: ``MoneyError`` with ``MoneyError/Code/invalidRate`` when the price or its denominator is zero.
    package init(
        base: AssetID,
        quote: AssetID,
        numerator: BigUInt,
        denominator: BigUInt,
        source: String,
        observedAt: Timestamp
    ) throws(MoneyError) {
        guard !numerator.isZero, !denominator.isZero else {
            throw MoneyError(.invalidRate, "the price of \(base) in \(quote) has to be more than zero")
        }
        let divisor = numerator.greatestCommonDivisor(with: denominator)
        self.base = base
        self.quote = quote
        self.numerator = numerator / divisor
        self.denominator = denominator / divisor
        self.source = source
        self.observedAt = observedAt
    }

    /// A rate from the price's decimal text, with at most 30 fraction digits.
    ///
    /// - Throws: ``MoneyError`` when the text is no positive decimal.
    package init(
        base: AssetID,
        quote: AssetID,
        price: String,
        source: String,
        observedAt: Timestamp
    ) throws(MoneyError) {
        let reader = Asset(id: quote, code: quote.text, name: "", scale: 30, displayNames: [])
        let units = BigInt(try reader.amount(price).units)
        try self.init(
            base: base,
            quote: quote,
            numerator: units.magnitude,
            denominator: BigUInt(10).power(reader.scale),
            source: source,
            observedAt: observedAt
        )
    }

    /// The rate of the opposite direction.
    ///
    /// - Throws: ``MoneyError``; in practice never, because neither side is zero.
    package func inverted() throws(MoneyError) -> Self {
        try Self(
            base: quote,
            quote: base,
            numerator: denominator,
            denominator: numerator,
            source: source,
            observedAt: observedAt
        )
    }

    /// How old it is.
    package func age(at moment: Timestamp) -> Duration { moment.since(observedAt) }

    /// The price of an amount of the base.
    ///
    /// - Parameters:
    ///   - amount: an amount of the base.
    ///   - from: the base.
    ///   - to: the quote.
    ///   - rounding: how the residue is rounded.
    /// - Throws: ``MoneyError`` when the assets are not those of the rate, or the result does not fit.
    /// - Returns: the amount of the quote.
    package func convert(
        _ amount: Amount,
        from: Asset,
        to: Asset,
        rounding: Rounding
    ) throws(MoneyError) -> Amount {
        guard amount.asset == base, from.id == base, to.id == quote else {
            throw .differentAssets("the rate is of \(base) in \(quote)")
        }
        let dividend = BigInt(amount.units) * BigInt(numerator) * BigInt(10).power(to.scale)
        let divisor = BigInt(denominator) * BigInt(10).power(from.scale)
        guard let units = Int256(exactly: rounding.quotient(dividend, by: divisor)) else {
            throw .overflow("the amount needs more than 256 bits")
        }
        return Amount(asset: quote, units: units)
    }
}

/// A rate that is guaranteed until a moment.
package struct Quote: Hashable, Sendable {
    /// The rate.
    package let rate: Rate
    /// Until when it holds.
    package let validUntil: Timestamp

    /// A rate that holds until a moment.
    package init(rate: Rate, validUntil: Timestamp) {
        self.rate = rate
        self.validUntil = validUntil
    }

    /// Whether it holds at a moment.
    package func isValid(at moment: Timestamp) -> Bool { moment <= validUntil }
}
