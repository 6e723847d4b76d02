/// Bytes in Base64 and its form for addresses (RFC 4648, 4 and 5), strictly: one text for each value.
package enum Base64 {
    /// The longest text that is decoded, in bytes.
    package static let textLengthMax = 1 << 25

    /// The characters for the values 62 and 63.
    package enum Alphabet: Hashable, Sendable, CaseIterable {
        /// `+` and `/` (RFC 4648, 4).
        case standard
        /// `-` and `_` (RFC 4648, 5).
        case urlSafe
    }

    /// The padding that is expected when a text's length is not a multiple of four.
    package enum Padding: Hashable, Sendable, CaseIterable {
        /// `=` to a multiple of four.
        case required
        /// No `=` at all.
        case forbidden
        /// Complete padding or none.
        case optional
    }

    private static let pad = UInt8(ascii: "=")

    /// The text of `bytes`.
    package static func encode(
        _ bytes: some Sequence<UInt8>,
        alphabet: Alphabet = .standard,
        padded: Bool = true
    ) -> String {
        // Byte by byte through a protocol takes twenty times as long.
        unsafe bytes.withContiguousStorageIfAvailable { unsafe text(of: $0, in: alphabet, padded) }
            ?? Array(bytes).withUnsafeBufferPointer { unsafe text(of: $0, in: alphabet, padded) }
    }

    private static func text(of bytes: UnsafeBufferPointer<UInt8>, in alphabet: Alphabet, _ padded: Bool) -> String {
        let characters = alphabet.characters
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var bits: UInt32 = 0
        var count = 0
        for index in 0..<bytes.count {
            bits = unsafe bits << 8 | UInt32(bytes[index])
            count += 8
            while count >= 6 {
                count -= 6
                text.append(characters[Int(bits >> UInt32(count)) & 63])
            }
            bits &= (1 << UInt32(count)) - 1
        }
        if count > 0 { text.append(characters[Int(bits << UInt32(6 - count)) & 63]) }
        while padded, text.count % 4 != 0 { text.append(pad) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of `text`.
    ///
    /// Characters of the other alphabet, spaces, line ends, unexpected padding, and unused bits at the end that are not
    /// zero are refused, so that two texts never mean one value.
    /// - Throws: ``CryptographyError/malformedEncoding(_:)``; the reason does not quote the text.
    package static func decode(
        _ text: some StringProtocol,
        alphabet: Alphabet = .standard,
        padding: Padding = .required
    ) throws(CryptographyError) -> [UInt8] {
        var text = Array(text.utf8)
        guard text.count <= textLengthMax else {
            throw .malformedEncoding("the Base64 text is longer than \(textLengthMax)")
        }
        try removePadding(from: &text, padding)
        let values = alphabet.values
        let (groups, rest) = text.count.quotientAndRemainder(dividingBy: 4)
        var bytes = [UInt8](repeating: 0, count: 3 * groups)
        bytes.reserveCapacity(3 * groups + 2)
        // The value of an invalid character has all bits set, so that one check at the end finds it.
        var seen = decode(groups, of: text, values, into: &bytes)
        var bits: UInt32 = 0
        for character in text.suffix(rest) {
            seen |= values[Int(character)]
            bits = bits << 6 | UInt32(values[Int(character)])
        }
        guard seen < 64 else { throw .malformedEncoding("the text has a character outside the Base64 alphabet") }
        // Two characters carry a byte and four bits more, three carry two bytes and two bits more.
        let unused: UInt32 = rest == 0 ? 0 : rest == 2 ? 4 : 2
        guard bits & ((1 << unused) - 1) == 0 else {
            throw .malformedEncoding("the unused bits of the Base64 text are not zero")
        }
        bits >>= unused
        if rest == 3 { bytes.append(UInt8(bits >> 8)) }
        if rest > 0 { bytes.append(UInt8(truncatingIfNeeded: bits)) }
        return bytes
    }

    /// Writes the bytes of whole groups of four characters.
    ///
    /// - Returns: the union of all values.
    private static func decode(_ groups: Int, of text: [UInt8], _ values: [UInt8], into bytes: inout [UInt8]) -> UInt8 {
        precondition(text.count >= 4 * groups && bytes.count >= 3 * groups && values.count == 256)
        return unsafe text.withUnsafeBufferPointer { text in
            unsafe values.withUnsafeBufferPointer { values in
                unsafe bytes.withUnsafeMutableBufferPointer { bytes in
                    var seen: UInt8 = 0
                    for group in 0..<groups {
                        let (from, to) = (4 * group, 3 * group)
                        let first = unsafe values[Int(text[from])]
                        let second = unsafe values[Int(text[from + 1])]
                        let third = unsafe values[Int(text[from + 2])]
                        let fourth = unsafe values[Int(text[from + 3])]
                        seen |= first | second | third | fourth
                        unsafe bytes[to] = first << 2 | second >> 4
                        unsafe bytes[to + 1] = second << 4 | third >> 2
                        unsafe bytes[to + 2] = third << 6 | fourth
                    }
                    return seen
                }
            }
        }
    }

    /// Checks length and padding and leaves the characters that carry bits.
    private static func removePadding(from text: inout [UInt8], _ padding: Padding) throws(CryptographyError) {
        let full = text.count % 4 == 0
        var pads = 0
        while pads < 2, text.last == pad {
            text.removeLast()
            pads += 1
        }
        // Three characters carry 18 bits, two carry 12; one alone carries no whole byte.
        guard text.count % 4 != 1 else { throw .malformedEncoding("the Base64 text has an impossible length") }
        switch padding {
        case .required where !full: throw .malformedEncoding("the Base64 text lacks its padding")
        case .forbidden where pads > 0: throw .malformedEncoding("the Base64 text has padding")
        case .required, .forbidden, .optional: break
        }
        guard pads == 0 || full else { throw .malformedEncoding("the Base64 text has too little or too much padding") }
    }
}

extension Base64.Alphabet {
    /// The 64 characters in the order of their values.
    fileprivate var characters: [UInt8] { self == .standard ? Self.standardCharacters : Self.urlSafeCharacters }

    /// The value of each byte; 255 for a byte outside the alphabet.
    fileprivate var values: [UInt8] { self == .standard ? Self.standardValues : Self.urlSafeValues }

    private static let common = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
    private static let standardCharacters = common + Array("+/".utf8)
    private static let urlSafeCharacters = common + Array("-_".utf8)
    private static let standardValues = inverse(of: standardCharacters)
    private static let urlSafeValues = inverse(of: urlSafeCharacters)

    private static func inverse(of characters: [UInt8]) -> [UInt8] {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, character) in characters.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }
}
