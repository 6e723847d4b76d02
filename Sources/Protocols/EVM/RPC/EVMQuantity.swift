package import BigInt
import Cryptography

/// The two forms of values in JSON-RPC (Ethereum execution API, "hex encoding"): quantities without leading zeros, data
/// with two digits per byte.
package enum EVMQuantity {
    /// `0x` and the digits without leading zeros; zero is `0x0`.
    package static func text(_ value: BigUInt) -> String { "0x" + String(value, radix: 16) }

    /// `0x` and the digits without leading zeros; zero is `0x0`.
    package static func text(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

    /// `0x` and two digits per byte.
    package static func data(_ bytes: [UInt8]) -> String { "0x" + Hex.encode(bytes) }

    /// Reads a quantity of at most 256 bits.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedStructure`` when it has no digits or leading zeros.
    package static func integer(_ text: String) throws(EVMError) -> BigUInt {
        let digits = text.utf8.dropFirst(2)
        let isCanonical = (1...64).contains(digits.count) && (digits.first != UInt8(ascii: "0") || digits.count == 1)
        guard text.hasPrefix("0x"), isCanonical, digits.allSatisfy(isHexDigit),
            let value = BigUInt(text.dropFirst(2), radix: 16)
        else { throw EVMError(.malformedStructure, "'\(text.prefix(70))' is not a quantity") }
        return value
    }

    /// Reads a quantity of at most 64 bits.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedStructure``.
    package static func uint64(_ text: String) throws(EVMError) -> UInt64 {
        guard let value = UInt64(exactly: try integer(text)) else {
            throw EVMError(.malformedStructure, "'\(text.prefix(70))' needs more than 64 bits")
        }
        return value
    }

    /// Reads data.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedStructure``.
    package static func bytes(_ text: String) throws(EVMError) -> [UInt8] {
        guard text.hasPrefix("0x"), let bytes = try? Hex.decode(text.dropFirst(2)) else {
            throw EVMError(.malformedStructure, "data is 0x and two hex digits a byte")
        }
        return bytes
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
