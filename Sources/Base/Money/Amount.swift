/// How much of one asset, in its smallest units.
package struct Amount: Hashable, Sendable {
    /// The asset.
    package let asset: AssetID
    /// The number of its smallest units; may be negative.
    package let units: Int256

    /// `units` of `asset`.
    package init(asset: AssetID, units: Int256) {
        self.asset = asset
        self.units = units
    }

    /// Zero of an asset.
    package static func zero(_ asset: AssetID) -> Self { Self(asset: asset, units: .zero) }

    /// Whether it is zero.
    package var isZero: Bool { units.isZero }
    /// Whether it is below zero.
    package var isNegative: Bool { units.isNegative }
    /// Whether it is above zero.
    package var isPositive: Bool { !units.isNegative && !units.isZero }

    /// The sum.
    ///
    /// - Throws: ``MoneyError`` when the assets differ or the sum does not fit.
    package func adding(_ other: Self) throws(MoneyError) -> Self {
        try check(other)
        return try result(units.addingReportingOverflow(other.units))
    }

    /// The difference.
    ///
    /// - Throws: ``MoneyError`` when the assets differ or the difference does not fit.
    package func subtracting(_ other: Self) throws(MoneyError) -> Self {
        try check(other)
        return try result(units.subtractingReportingOverflow(other.units))
    }

    /// The amount with the other sign.
    ///
    /// - Throws: ``MoneyError`` when it does not fit.
    package func negated() throws(MoneyError) -> Self { try result(units.negatedReportingOverflow()) }

    /// The sum of amounts of one asset; zero when there are none.
    ///
    /// - Throws: ``MoneyError`` when the assets differ or the sum does not fit.
    package static func sum(_ amounts: [Self], asset: AssetID) throws(MoneyError) -> Self {
        var total = Self.zero(asset)
        for amount in amounts { total = try total.adding(amount) }
        return total
    }

    /// How two amounts of one asset compare.
    package enum Order: Hashable, Sendable {
        case less
        case equal
        case greater
    }

    /// How this amount compares to another of the same asset.
    ///
    /// - Throws: ``MoneyError`` when the assets differ.
    package func compared(to other: Self) throws(MoneyError) -> Order {
        try check(other)
        if units == other.units { return .equal }
        return units < other.units ? .less : .greater
    }

    private func check(_ other: Self) throws(MoneyError) {
        guard asset == other.asset else { throw .differentAssets("\(asset) and \(other.asset) cannot be put together") }
    }

    private func result(_ result: (partialValue: Int256, overflow: Bool)) throws(MoneyError) -> Self {
        guard !result.overflow else { throw .overflow("the amount needs more than 256 bits") }
        return Self(asset: asset, units: result.partialValue)
    }
}
