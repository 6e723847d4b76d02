/// Decimal text of 256-bit integers, 18 digits at a time.
extension Int256: CustomStringConvertible {
    private static let chunkDigits = 18
    private static let chunk: UInt64 = 1_000_000_000_000_000_000

    /// The decimal text, with a minus sign when it is negative.
    package var description: String {
        if let small = Int64(exactly: self) { return String(small) }
        // The magnitude as an unsigned value, so that the least integer has one too.
        let negated = negatedReportingOverflow().partialValue
        let magnitude = isNegative ? negated : self
        var limbs = magnitude.limbs
        var chunks: [UInt64] = []
        while limbs.contains(where: { $0 != 0 }) { chunks.append(Self.divide(&limbs, by: Self.chunk)) }
        var text = isNegative ? "-" : ""
        text += String(chunks.last ?? 0)
        for chunk in chunks.dropLast().reversed() {
            let digits = String(chunk)
            text += String(repeating: "0", count: Self.chunkDigits - digits.utf8.count) + digits
        }
        return text
    }

    /// Reads canonical decimal text: an optional minus sign, and digits without a leading zero.
    ///
    /// - Throws: ``MoneyError`` with ``MoneyError/Code/malformed`` or ``MoneyError/Code/overflow``.
    package init(decimal text: some Sequence<UInt8>) throws(MoneyError) {
        var bytes = Array(text)[...]
        if let small = Self.small(bytes) {
            self.init(small)
            return
        }
        let isNegative = bytes.first == UInt8(ascii: "-")
        if isNegative { bytes = bytes.dropFirst() }
        guard let first = bytes.first else { throw .malformed("an integer has at least one digit") }
        guard bytes.count <= 78 else { throw .overflow("the integer needs more than 256 bits") }
        guard first != UInt8(ascii: "0") || (bytes.count == 1 && !isNegative) else {
            throw .malformed("an integer has no leading zeros and no negative zero")
        }
        var limbs: [UInt64] = [0, 0, 0, 0]
        for byte in bytes {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else {
                throw .malformed("an integer has the digits 0 to 9 only")
            }
            var carry = UInt64(byte - UInt8(ascii: "0"))
            for index in limbs.indices {
                let (high, low) = limbs[index].multipliedFullWidth(by: 10)
                let (sum, overflow) = low.addingReportingOverflow(carry)
                limbs[index] = sum
                carry = high + (overflow ? 1 : 0)
            }
            guard carry == 0 else { throw .overflow("the integer needs more than 256 bits") }
        }
        let magnitude = Self(limbs)
        let value = isNegative ? magnitude.negatedReportingOverflow().partialValue : magnitude
        guard value.isNegative == isNegative else { throw .overflow("the integer needs more than 256 bits") }
        self = value
    }

    /// The value of a non-negative number with few digits and no leading zeros, the usual case; nil for any other.
    private static func small(_ bytes: ArraySlice<UInt8>) -> UInt64? {
        guard let first = bytes.first, bytes.count <= chunkDigits, bytes.count == 1 || first != UInt8(ascii: "0") else {
            return nil
        }
        var value: UInt64 = 0
        for byte in bytes {
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            value = value * 10 + UInt64(digit)
        }
        return value
    }

    /// The unsigned limbs, the lowest first.
    private var limbs: [UInt64] { [word0, word1, word2, word3] }

    private init(_ limbs: [UInt64]) {
        self.init(limbs[0], limbs[1], limbs[2], limbs[3])
    }

    private static func divide(_ limbs: inout [UInt64], by divisor: UInt64) -> UInt64 {
        var remainder: UInt64 = 0
        for index in limbs.indices.reversed() {
            (limbs[index], remainder) = divisor.dividingFullWidth((remainder, limbs[index]))
        }
        return remainder
    }
}

extension Int64 {
    /// The same integer; nil when it needs more than 64 bits.
    package init?(exactly value: Int256) {
        let sign = value.isNegative ? UInt64.max : 0
        guard value.word1 == sign, value.word2 == sign, value.word3 == sign, value.word0 >> 63 == sign & 1 else {
            return nil
        }
        self.init(bitPattern: value.word0)
    }
}

extension UInt64 {
    /// The same integer; nil when it is negative or needs more than 64 bits.
    package init?(exactly value: Int256) {
        guard value.word1 | value.word2 | value.word3 == 0 else { return nil }
        self = value.word0
    }
}

extension UInt128 {
    /// The same integer; nil when it is negative or needs more than 128 bits.
    package init?(exactly value: Int256) {
        guard value.word2 | value.word3 == 0 else { return nil }
        self = UInt128(value.word1) << 64 | UInt128(value.word0)
    }
}
