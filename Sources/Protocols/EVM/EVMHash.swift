import Cryptography

/// A Keccak-256 digest: of a block, a transaction, or the first topic of a log.
package struct EVMHash: Hashable, Sendable, CustomStringConvertible {
    /// The 32 bytes.
    package let bytes: [UInt8]

    /// The hash with these 32 bytes.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedStructure``.
    package init(bytes: [UInt8]) throws(EVMError) {
        guard bytes.count == 32 else { throw EVMError(.malformedStructure, "a hash has 32 bytes") }
        self.bytes = bytes
    }

    /// Thirty-two zeros: the parent of the first block.
    package static let zero = Self(unchecked: [UInt8](repeating: 0, count: 32))

    private init(unchecked bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The digest of some bytes.
    package init(of bytes: [UInt8]) {
        self.bytes = Keccak256.hash(bytes)
    }

    /// Reads `0x` and 64 digits.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedStructure``.
    package init(_ text: String) throws(EVMError) {
        guard text.utf8.count == 66, text.hasPrefix("0x"), let bytes = try? Hex.decode(text.dropFirst(2)) else {
            throw EVMError(.malformedStructure, "a hash is 0x and 64 hex digits")
        }
        self.bytes = bytes
    }

    /// `0x` and 64 digits.
    package var description: String { "0x" + Hex.encode(bytes) }
}
