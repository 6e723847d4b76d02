/// The kind of object that an ``Identifier`` identifies; never instantiated.
package protocol IdentifierKind: Sendable {
    /// The letters before the underscore, for example `inv`.
    static var prefix: String { get }
}

/// A public identifier: a prefix that names its kind, and 128 bits that order by time of creation.
///
/// The bits follow UUIDv7 (RFC 9562, section 5.7): 48 bits of milliseconds, then version, counter and randomness. The
/// text is the prefix, an underscore and 26 digits of Crockford's base 32 in lower case, so that byte order is time
/// order: `inv_06cyx3v9m47k5s2p8q1d0z6h3r`.
package struct Identifier<Kind: IdentifierKind>: Hashable, Comparable, Sendable {
    /// The 128 bits behind the prefix.
    package let value: UInt128

    /// The identifier with the bits `value`.
    package init(value: UInt128) {
        self.value = value
    }

    /// Reads the canonical text form; upper case, other prefixes and other lengths are refused.
    package init(_ text: String) throws(IdentifierError) {
        let bytes = Array(text.utf8)
        let prefix = Array(Kind.prefix.utf8) + [UInt8(ascii: "_")]
        guard bytes.starts(with: prefix) else { throw .wrongPrefix(expected: Kind.prefix) }
        let digits = bytes.dropFirst(prefix.count)
        guard digits.count == CrockfordBase32.length else { throw .malformed }
        guard let value = CrockfordBase32.value(of: digits) else { throw .malformed }
        self.value = value
    }

    /// The canonical text form.
    package var text: String {
        CrockfordBase32.text(of: value, after: Kind.prefix)
    }

    /// The 16 bytes of the value, the highest first: they order as the identifiers do.
    package var bytes: [UInt8] { unsafe withUnsafeBytes(of: value.bigEndian) { unsafe Array($0) } }

    /// The identifier of 16 bytes; nil when there are more or fewer.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        func half(_ part: ArraySlice<UInt8>) -> UInt64 { part.reduce(0) { $0 << 8 | UInt64($1) } }
        value = UInt128(half(bytes[..<8])) << 64 | UInt128(half(bytes[8...]))
    }

    /// Whether `lhs` was made earlier.
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.value < rhs.value }
}

extension Identifier: CustomStringConvertible {
    /// The canonical text form.
    package var description: String { text }
}

/// Why a text is not an identifier.
package enum IdentifierError: Error, Hashable {
    /// The text identifies something of another kind.
    case wrongPrefix(expected: String)
    /// The digits behind the prefix are not 26 lower-case digits of Crockford's base 32 that fit 128 bits.
    case malformed
}

/// The 26-digit form of 128 bits, after Crockford's base 32 (no i, l, o, u).
private enum CrockfordBase32 {
    static let length = 26
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// The digits of `value` after `prefix` and an underscore, written in place.
    static func text(of value: UInt128, after prefix: String) -> String {
        let count = prefix.utf8.count + 1 + length
        return unsafe String(unsafeUninitializedCapacity: count) { buffer in
            var (high, low) = (UInt64(truncatingIfNeeded: value >> 64), UInt64(truncatingIfNeeded: value))
            unsafe alphabet.withUnsafeBufferPointer { alphabet in
                for position in 1...length {
                    unsafe buffer[count - position] = unsafe alphabet[Int(low & 31)]
                    low = low >> 5 | high << 59
                    high >>= 5
                }
            }
            _ = unsafe buffer.update(fromContentsOf: prefix.utf8)
            unsafe buffer[prefix.utf8.count] = UInt8(ascii: "_")
            return count
        }
    }

    /// The number of each digit, by its byte; 32 for other bytes.
    private static let numbers: [UInt8] = {
        var numbers = [UInt8](repeating: 32, count: 256)
        for (number, digit) in alphabet.enumerated() { numbers[Int(digit)] = UInt8(number) }
        return numbers
    }()

    static func value(of digits: some Collection<UInt8>) -> UInt128? {
        var (high, low): (UInt64, UInt64) = (0, 0)
        let numbers = numbers
        for (position, digit) in digits.enumerated() {
            let number = numbers[Int(digit)]
            // 26 digits hold 130 bits: the first one may only use its lower three.
            guard number < (position == 0 ? 8 : 32) else { return nil }
            high = high << 5 | low >> 59
            low = low << 5 | UInt64(number)
        }
        return UInt128(high) << 64 | UInt128(low)
    }
}
