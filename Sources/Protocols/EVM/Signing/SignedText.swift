import BigInt
package import Cryptography

/// Texts that people sign with their wallets (EIP-191, version 45: `personal_sign`).
package enum SignedText {
    /// The signed digest: of `\u{19}Ethereum Signed Message:\n`, the number of bytes, and the bytes.
    package static func digest(_ message: [UInt8]) -> [UInt8] {
        Keccak256.hash([0x19] + Array("Ethereum Signed Message:\n\(message.count)".utf8) + message)
    }

    /// The signer of a message.
    ///
    /// - Parameters:
    ///   - message: the bytes.
    ///   - signature: 65 bytes: r, s, and 0, 1, 27 or 28.
    /// - Throws: ``EVMError`` with ``EVMError/Code/invalidSignature``.
    /// - Returns: the account.
    package static func signer(of message: [UInt8], signature: [UInt8]) throws(EVMError) -> EVMAddress {
        try EVMSignature(bytes: signature).signer(of: digest(message))
    }
}

extension EVMSignature {
    /// A signature in the form of wallets: r, s, and 0, 1, 27 or 28.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/invalidSignature``.
    package init(bytes: [UInt8]) throws(EVMError) {
        guard bytes.count == 65, let last = bytes.last, [0, 1, 27, 28].contains(last) else {
            throw EVMError(.invalidSignature, "a signature has 65 bytes, the last of which is 0, 1, 27 or 28")
        }
        try self.init(
            checkedOdd: last == 1 || last == 28,
            r: BigUInt(bytes: bytes[..<32]),
            s: BigUInt(bytes: bytes[32..<64])
        )
    }

    /// The 65 bytes: r, s, and 27 or 28.
    package var bytes: [UInt8] { r.word + s.word + [isOdd ? 28 : 27] }

    /// The signature of a 32-byte digest.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/invalidKey``.
    package init(of digest: [UInt8], by key: Secp256k1.PrivateKey) throws(EVMError) {
        do { self.init(try key.signRecoverable(digest: digest)) } catch { throw EVMError(.invalidKey, error.reason) }
    }
}
