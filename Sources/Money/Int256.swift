public import BigInt

/// A signed integer of 256 bits, in two's complement: wide enough for every amount of every chain, and of fixed width.
///
/// Arithmetic on values from outside reports overflow; nothing here traps.
public struct Int256: Hashable, Sendable {
    let high: Int128
    let low: UInt128

    init(high: Int128, low: UInt128) {
        self.high = high
        self.low = low
    }

    /// Zero.
    public static let zero = Self(high: 0, low: 0)

    /// The integer `value`.
    public init(_ value: some FixedWidthInteger & SignedInteger) {
        let wide = Int128(value)
        self.init(high: wide < 0 ? -1 : 0, low: UInt128(bitPattern: wide))
    }

    /// The integer `value`.
    public init(_ value: some FixedWidthInteger & UnsignedInteger) {
        self.init(high: 0, low: UInt128(value))
    }

    /// The integer `value`; none when it needs more than 256 bits.
    public init?(exactly value: BigInt) {
        guard value.magnitude.bitWidth <= 255 else { return nil }
        let low = UInt128(truncatingIfNeeded: value.magnitude)
        let high = UInt128(truncatingIfNeeded: value.magnitude >> 128)
        let positive = Self(high: Int128(bitPattern: high), low: low)
        self = value.sign == .minus ? positive.negatedReportingOverflow().partialValue : positive
    }

    /// Whether it is below zero.
    public var isNegative: Bool { high < 0 }
    /// Whether it is zero.
    public var isZero: Bool { high == 0 && low == 0 }

    /// The sum, and whether it does not fit.
    public func addingReportingOverflow(_ other: Self) -> (partialValue: Self, overflow: Bool) {
        let (low, carry) = low.addingReportingOverflow(other.low)
        let (sum, overflow) = high.addingReportingOverflow(other.high)
        let (high, carryOverflow) = sum.addingReportingOverflow(carry ? 1 : 0)
        return (Self(high: high, low: low), overflow != carryOverflow)
    }

    /// The difference, and whether it does not fit.
    public func subtractingReportingOverflow(_ other: Self) -> (partialValue: Self, overflow: Bool) {
        let (low, borrow) = low.subtractingReportingOverflow(other.low)
        let (difference, overflow) = high.subtractingReportingOverflow(other.high)
        let (high, borrowOverflow) = difference.subtractingReportingOverflow(borrow ? 1 : 0)
        return (Self(high: high, low: low), overflow != borrowOverflow)
    }

    /// The negated value, and whether it does not fit.
    public func negatedReportingOverflow() -> (partialValue: Self, overflow: Bool) {
        Self.zero.subtractingReportingOverflow(self)
    }
}

extension Int256: Comparable {
    /// Whether `lhs` is the smaller one.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.high == rhs.high ? lhs.low < rhs.low : lhs.high < rhs.high
    }
}

extension Int256: ExpressibleByIntegerLiteral {
    /// The integer of a literal.
    public init(integerLiteral value: Int64) { self.init(value) }
}

extension BigInt {
    /// The same integer without a limit.
    public init(_ value: Int256) {
        let magnitude = value.isNegative ? value.negatedReportingOverflow().partialValue : value
        let high = BigUInt(UInt128(bitPattern: magnitude.high))
        let joined = high << 128 | BigUInt(magnitude.low)
        self.init(sign: value.isNegative ? .minus : .plus, magnitude: joined)
    }
}
