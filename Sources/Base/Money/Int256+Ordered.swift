/// Bytes whose order is the order of the integers, for stores that compare bytes.
extension Int256 {
    /// The first byte of zero.
    ///
    /// The first byte of a positive integer is larger by the number of bytes that follow, and that of a negative one is
    /// smaller.
    private static let zeroMark: UInt8 = 0x80

    /// The integer in 1 to 33 bytes.
    ///
    /// It is a mark for sign and length, and the magnitude without leading zeros, the highest byte first. The
    /// magnitude's bytes of a negative integer are inverted, so that a greater magnitude is the smaller integer.
    package var orderedBytes: [UInt8] {
        let isNegative = self < .zero
        let words = isNegative ? negatedReportingOverflow().partialValue : self
        var bytes: [UInt8] = [Self.zeroMark]
        for word in [words.word3, words.word2, words.word1, words.word0] {
            for shift in stride(from: 56, through: 0, by: -8) {
                let byte = UInt8(truncatingIfNeeded: word >> UInt64(shift))
                if byte != 0 || bytes.count > 1 { bytes.append(isNegative ? ~byte : byte) }
            }
        }
        let count = UInt8(bytes.count - 1)
        bytes[0] = isNegative ? Self.zeroMark - count : Self.zeroMark + count
        return bytes
    }

    /// Reads ``orderedBytes``; nil when the bytes are not a valid form.
    package init?(orderedBytes bytes: [UInt8]) {
        guard let mark = bytes.first else { return nil }
        let isNegative = mark < Self.zeroMark
        let count = Int(isNegative ? Self.zeroMark - mark : mark - Self.zeroMark)
        guard count <= 32, bytes.count == count + 1 else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for byte in bytes.dropFirst() {
            words.3 = words.3 << 8 | words.2 >> 56
            words.2 = words.2 << 8 | words.1 >> 56
            words.1 = words.1 << 8 | words.0 >> 56
            words.0 = words.0 << 8 | UInt64(isNegative ? ~byte : byte)
        }
        let magnitude = Self(words.0, words.1, words.2, words.3)
        let value = isNegative ? magnitude.negatedReportingOverflow().partialValue : magnitude
        // Each integer has one form only, and only the least integer has a magnitude of 256 bits.
        guard value.orderedBytes == bytes else { return nil }
        self = value
    }
}
