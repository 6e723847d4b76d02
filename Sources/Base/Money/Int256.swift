package import BigInt

/// A signed integer of 256 bits, in two's complement: wide enough for every amount of every chain, and of fixed width.
///
/// Arithmetic on values from outside reports overflow; nothing here traps.
package struct Int256: Hashable, Sendable {
    // Four words, the lowest first. Wider words would need less code, but the optimiser of Swift 6.3 crashes when it
    // folds comparisons of 128-bit constants.
    let word0: UInt64
    let word1: UInt64
    let word2: UInt64
    let word3: UInt64

    init(_ word0: UInt64, _ word1: UInt64, _ word2: UInt64, _ word3: UInt64) {
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }

    /// Zero.
    package static let zero = Self(0, 0, 0, 0)

    /// The integer `value`.
    package init(_ value: some FixedWidthInteger & SignedInteger) {
        let sign = value < 0 ? UInt64.max : 0
        self.init(
            UInt64(truncatingIfNeeded: value),
            value.bitWidth > 64 ? UInt64(truncatingIfNeeded: value >> 64) : sign,
            sign,
            sign
        )
    }

    /// The integer `value`.
    package init(_ value: some FixedWidthInteger & UnsignedInteger) {
        let high = value.bitWidth > 64 ? UInt64(truncatingIfNeeded: value >> 64) : 0
        self.init(UInt64(truncatingIfNeeded: value), high, 0, 0)
    }

    /// The integer `value`; nil when it needs more than 256 bits.
    package init?(exactly value: BigInt) {
        guard value.magnitude.bitWidth <= 255 else { return nil }
        let words = value.magnitude.words.map { UInt64($0) } + [0, 0, 0, 0]
        let positive = Self(words[0], words[1], words[2], words[3])
        self = value.sign == .minus ? positive.negatedReportingOverflow().partialValue : positive
    }

    /// Whether it is below zero.
    package var isNegative: Bool { word3 >> 63 == 1 }
    /// Whether it is zero.
    package var isZero: Bool { word0 | word1 | word2 | word3 == 0 }

    /// The sum, and whether it does not fit.
    package func addingReportingOverflow(_ other: Self) -> (partialValue: Self, overflow: Bool) {
        let (sum0, carry0) = Self.add(word0, other.word0, carry: 0)
        let (sum1, carry1) = Self.add(word1, other.word1, carry: carry0)
        let (sum2, carry2) = Self.add(word2, other.word2, carry: carry1)
        let (sum3, _) = Self.add(word3, other.word3, carry: carry2)
        let sum = Self(sum0, sum1, sum2, sum3)
        // An overflow shows as a sum with another sign than both operands.
        return (sum, isNegative == other.isNegative && sum.isNegative != isNegative)
    }

    /// The difference, and whether it does not fit.
    package func subtractingReportingOverflow(_ other: Self) -> (partialValue: Self, overflow: Bool) {
        let (difference0, carry0) = Self.add(word0, ~other.word0, carry: 1)
        let (difference1, carry1) = Self.add(word1, ~other.word1, carry: carry0)
        let (difference2, carry2) = Self.add(word2, ~other.word2, carry: carry1)
        let (difference3, _) = Self.add(word3, ~other.word3, carry: carry2)
        let difference = Self(difference0, difference1, difference2, difference3)
        return (difference, isNegative != other.isNegative && difference.isNegative != isNegative)
    }

    /// The negated value, and whether it does not fit.
    package func negatedReportingOverflow() -> (partialValue: Self, overflow: Bool) {
        Self.zero.subtractingReportingOverflow(self)
    }

    private static func add(_ lhs: UInt64, _ rhs: UInt64, carry: UInt64) -> (sum: UInt64, carry: UInt64) {
        let (partial, first) = lhs.addingReportingOverflow(rhs)
        let (sum, second) = partial.addingReportingOverflow(carry)
        return (sum, first || second ? 1 : 0)
    }
}

extension Int256: Comparable {
    /// Whether `lhs` is the smaller one.
    package static func < (lhs: Self, rhs: Self) -> Bool {
        if lhs.word3 != rhs.word3 { return Int64(bitPattern: lhs.word3) < Int64(bitPattern: rhs.word3) }
        if lhs.word2 != rhs.word2 { return lhs.word2 < rhs.word2 }
        if lhs.word1 != rhs.word1 { return lhs.word1 < rhs.word1 }
        return lhs.word0 < rhs.word0
    }
}

extension Int256: ExpressibleByIntegerLiteral {
    /// The integer of a literal.
    package init(integerLiteral value: Int64) { self.init(value) }
}

extension BigInt {
    /// The same integer without a limit.
    package init(_ value: Int256) {
        let magnitude = value.isNegative ? value.negatedReportingOverflow().partialValue : value
        let words = [magnitude.word0, magnitude.word1, magnitude.word2, magnitude.word3].map { UInt($0) }
        self.init(sign: value.isNegative ? .minus : .plus, magnitude: BigUInt(words: words))
    }
}
