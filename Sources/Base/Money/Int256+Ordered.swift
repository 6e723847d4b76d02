/// Bytes whose order is the order of the integers, for stores that compare bytes.
extension Int256 {
    /// The first byte of zero; that of a positive integer is more by the number of bytes that follow, that of a negative one
    /// is less.
    private static let zeroMark: UInt8 = 0x80

    /// The integer in 1 to 33 bytes.
    ///
    /// A mark for sign and length, and the magnitude without leading zeros, the highest byte first. The bytes of a negative integer's magnitude are inverted, so that the greater magnitude is the lesser.
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

    /// Reads ``orderedBytes``; nil when the bytes are those of no integer.
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
        // One integer has one form, and a magnitude of 256 bits is none but that of the least one.
        guard value.orderedBytes == bytes else { return nil }
        self = value
    }
}
