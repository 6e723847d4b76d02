/// Bytes as pairs of hexadecimal digits (RFC 4648, 8).
package enum Hex {
    /// The longest text that is decoded, in bytes.
    package static let textLengthMax = 1 << 25

    /// The text of `bytes`, in lower case, without a prefix.
    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        // Byte by byte through a protocol takes twenty times as long.
        unsafe bytes.withContiguousStorageIfAvailable { unsafe encode($0) }
            ?? Array(bytes).withUnsafeBufferPointer { unsafe encode($0) }
    }

    private static func encode(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        unsafe String(unsafeUninitializedCapacity: 2 * bytes.count) { text in
            for index in 0..<bytes.count {
                unsafe text[2 * index] = digit(bytes[index] >> 4)
                unsafe text[2 * index + 1] = digit(bytes[index] & 15)
            }
            return 2 * bytes.count
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }

    /// The bytes of `text`: an even number of digits of either case and nothing else, no prefix and no space.
    ///
    /// - Throws: ``CryptographyError/malformedEncoding(_:)``; the reason does not quote the text.
    package static func decode(_ text: some StringProtocol) throws(CryptographyError) -> [UInt8] {
        let text = text.utf8
        // The length of a text is counted byte by byte, so it is taken once.
        let length = text.count
        guard length <= textLengthMax else { throw .malformedEncoding("the hex text is longer than \(textLengthMax)") }
        guard length % 2 == 0 else { throw .malformedEncoding("the hex text has an odd number of digits") }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length / 2)
        var high: UInt8?
        for character in text {
            guard let digit = value(of: character) else { throw .malformedEncoding("the text has a non-hex character") }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return bytes
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case 0x30...0x39: character - 0x30
        case 0x41...0x46: character - 0x41 + 10
        case 0x61...0x66: character - 0x61 + 10
        default: nil
        }
    }
}
