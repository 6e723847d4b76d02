public import BigInt

/// A sum of amounts of one asset, exact whatever it comes to: each amount fits an ``Amount``, and many of them may not.
public struct AmountSum: Hashable, Sendable {
    /// The asset.
    public let asset: AssetID
    /// The sum in smallest units.
    public private(set) var units: BigInt

    /// A sum in an asset.
    public init(of asset: AssetID, units: BigInt = 0) {
        self.asset = asset
        self.units = units
    }

    /// Adds smallest units.
    public mutating func add(_ more: BigInt) { units += more }

    /// Whether it is nothing.
    public var isZero: Bool { units == 0 }

    /// Takes away another sum of the same asset.
    public func subtracting(_ other: Self) -> Self { Self(of: asset, units: units - other.units) }

    /// The most bits of an amount from outside that is booked.
    ///
    /// A token can move 256 bits, and one such amount in an account would leave no place for those after it; 200 are more
    /// than any money there is, and an account holds their sums.
    public static let bookedBits = 200

    /// The sum as an amount that can be booked; nil when it is too large.
    public var booked: Amount? { units.magnitude.bitWidth <= Self.bookedBits ? amount : nil }

    /// The sum as an amount; nil when it does not fit one.
    public var amount: Amount? { Int256(exactly: units).map { Amount(asset: asset, units: $0) } }
}
