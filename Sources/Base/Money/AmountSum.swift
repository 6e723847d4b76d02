package import BigInt

/// An exact sum of amounts of one asset, which may be too large for an ``Amount``.
package struct AmountSum: Hashable, Sendable {
    /// The asset.
    package let asset: AssetID
    /// The sum in smallest units.
    package private(set) var units: BigInt

    /// A sum in an asset.
    package init(of asset: AssetID, units: BigInt = 0) {
        self.asset = asset
        self.units = units
    }

    /// An amount as a sum.
    package init(of amount: Amount) {
        self.init(of: amount.asset, units: BigInt(amount.units))
    }

    /// Adds smallest units.
    package mutating func add(_ more: BigInt) { units += more }

    /// Whether it is zero.
    package var isZero: Bool { units == 0 }

    /// The difference to another sum of the same asset.
    package func subtracting(_ other: Self) -> Self { Self(of: asset, units: units - other.units) }

    /// The most bits of an amount from outside that is booked.
    ///
    /// A token can move 256 bits, and one amount of that size would leave an account no room for later ones. 200 bits
    /// are more than any real amount, and an account can hold many of them.
    package static let bookedBits = 200

    /// The sum as an amount that can be booked; nil when it is too large.
    package var booked: Amount? { units.magnitude.bitWidth <= Self.bookedBits ? amount : nil }

    /// The sum as an amount; nil when it does not fit one.
    package var amount: Amount? { Int256(exactly: units).map { Amount(asset: asset, units: $0) } }
}
