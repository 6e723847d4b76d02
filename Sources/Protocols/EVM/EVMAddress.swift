package import Cryptography

/// An account of an EVM chain: the last 20 bytes of the Keccak-256 digest of its public key, or a contract's.
package struct EVMAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The 20 bytes.
    package let bytes: [UInt8]

    /// The address with these 20 bytes.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedAddress``.
    package init(bytes: [UInt8]) throws(EVMError) {
        guard bytes.count == 20 else { throw EVMError(.malformedAddress, "an address has 20 bytes") }
        self.bytes = bytes
    }

    /// The address of a key.
    package init(_ key: Secp256k1.PublicKey) {
        bytes = Array(Keccak256.hash(Array(key.uncompressed.dropFirst())).suffix(20))
    }

    /// Reads `0x` and 40 digits; letters of mixed case have to match EIP-55's checksum, letters of one case carry no
    /// checksum.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedAddress``.
    package init(_ text: String) throws(EVMError) {
        guard text.utf8.count == 42, text.hasPrefix("0x"), let bytes = try? Hex.decode(text.dropFirst(2)) else {
            throw EVMError(.malformedAddress, "an address is 0x and 40 hex digits")
        }
        self.bytes = bytes
        let letters = text.dropFirst(2)
        let isMixed = letters.contains { $0.isUppercase } && letters.contains { $0.isLowercase }
        guard !isMixed || description == text else {
            throw EVMError(.malformedAddress, "the checksum of the address is wrong: a letter is mistyped")
        }
    }

    /// Address 0, from which tokens are minted and to which they are burnt.
    package static let zero = Self(unchecked: [UInt8](repeating: 0, count: 20))

    private init(unchecked bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The text with the checksum in its letters (EIP-55).
    package var description: String {
        let digits = Array(Hex.encode(bytes).utf8)
        let checksum = Array(Hex.encode(Keccak256.hash(digits)).utf8)
        let mixed = zip(digits, checksum).map { digit, check in
            digit >= UInt8(ascii: "a") && check >= UInt8(ascii: "8") ? digit - 32 : digit
        }
        return "0x" + String(decoding: mixed, as: UTF8.self)
    }

    /// The text in lower case, as in an asset's identifier.
    package var lowercased: String { "0x" + Hex.encode(bytes) }

    /// Whether `lhs`'s bytes come first.
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.bytes.lexicographicallyPrecedes(rhs.bytes) }

    /// The address of the contract that an account makes with a nonce: `keccak256(rlp([sender, nonce]))[12…]`.
    package func contract(nonce: UInt64) -> EVMAddress {
        let digest = Keccak256.hash(RLPItem.list([.bytes(bytes), .uint64(nonce)]).encoded)
        return EVMAddress(unchecked: Array(digest.suffix(20)))
    }
}
