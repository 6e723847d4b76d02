package import BigInt

/// Splitting amounts so that the parts add up again.
extension Amount {
    /// Splits the amount in proportion to weights, by largest remainder; among equal remainders the earlier part gets
    /// the unit.
    ///
    /// - Parameter weights: at least one of them more than zero.
    /// - Throws: ``MoneyError`` with ``MoneyError/Code/invalidWeights`` when no weight is more than zero.
    /// - Returns: a part for each weight; together they are the amount.
    package func allocated(by weights: [BigUInt]) throws(MoneyError) -> [Self] {
        let total = weights.reduce(BigUInt(0), +)
        guard !total.isZero else { throw MoneyError(.invalidWeights, "at least one weight has to be more than zero") }
        let value = BigInt(units)
        let shares = weights.map { (value.magnitude * $0).quotientAndRemainder(dividingBy: total) }
        var parts = shares.map(\.quotient)
        let rest = value.magnitude - parts.reduce(BigUInt(0), +)
        let byRemainder = shares.indices.sorted { left, right in
            let (first, second) = (shares[left].remainder, shares[right].remainder)
            return first == second ? left < right : first > second
        }
        for index in byRemainder.prefix(Int(rest)) { parts[index] += 1 }
        var amounts: [Self] = []
        for part in parts {
            // A part is never larger than the whole, which fits.
            guard let units = Int256(exactly: BigInt(sign: value.sign, magnitude: part)) else {
                throw .overflow("the amount needs more than 256 bits")
            }
            amounts.append(Self(asset: asset, units: units))
        }
        return amounts
    }

    /// Splits the amount into equal parts; when it does not divide evenly, the first ones are a unit larger.
    ///
    /// - Parameter count: how many parts, at least one.
    /// - Throws: ``MoneyError`` with ``MoneyError/Code/invalidWeights`` when there are no parts.
    /// - Returns: the parts; together they are the amount.
    package func split(into count: Int) throws(MoneyError) -> [Self] {
        try allocated(by: Array(repeating: 1, count: max(0, count)))
    }

    /// A portion of the amount, in hundredths of a percent.
    ///
    /// - Throws: ``MoneyError`` when the result does not fit.
    package func portion(basisPoints: Int, rounding: Rounding) throws(MoneyError) -> Self {
        let units = rounding.quotient(BigInt(units) * BigInt(basisPoints), by: 10_000)
        guard let fitted = Int256(exactly: units) else { throw .overflow("the amount needs more than 256 bits") }
        return Self(asset: asset, units: fitted)
    }

    /// The share of a whole of the same asset that this amount is, in hundredths of a percent, rounded up.
    ///
    /// It exceeds a limit exactly when the amount exceeds that portion of the whole, rounded towards zero.
    ///
    /// - Throws: ``MoneyError`` when the assets differ.
    /// - Returns: the share; nil when the whole is not more than zero.
    package func basisPoints(of whole: Self) throws(MoneyError) -> Int? {
        _ = try compared(to: whole)
        guard whole.isPositive else { return nil }
        return Int(clamping: Rounding.up.quotient(BigInt(units) * 10_000, by: BigInt(whole.units)))
    }
}
