import BigInt
package import Cryptography

/// Signing, and recovering the signer.
extension EVMTransaction {
    /// Signs it with a key, by the nonce of RFC 6979.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedStructure`` when the fields do not match the type.
    package func signed(by key: Secp256k1.PrivateKey) throws(EVMError) -> EVMTransaction {
        try check()
        return try signed(EVMSignature(of: signingDigest, by: key))
    }

    /// The 32 bytes that are signed.
    package var signingDigest: [UInt8] { Keccak256.hash(signingBytes) }

    /// The transaction with a signature of its ``signingDigest``.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedStructure`` when the fields do not match the type.
    package func signed(_ signature: EVMSignature) throws(EVMError) -> EVMTransaction {
        try check()
        var signed = self
        signed.signature = signature
        return signed
    }

    private func check() throws(EVMError) {
        switch (kind, fee, chainID) {
        case (.legacy, .price, _), (.accessList, .price, _?): break
        case (.dynamicFee, .dynamic, _?), (.blob, .dynamic, _?), (.setCode, .dynamic, _?): break
        default:
            throw EVMError(
                .malformedStructure,
                "types 0 and 1 have a gas price, later ones two fees, and all but 0 a chain"
            )
        }
        guard value.bitWidth <= 256, fee.maximum.bitWidth <= 256 else {
            throw EVMError(.malformedStructure, "an amount has at most 256 bits")
        }
    }

    /// The signer.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/invalidSignature`` when there is no valid signature.
    package func sender() throws(EVMError) -> EVMAddress {
        guard let signature else { throw EVMError(.invalidSignature, "it is not signed") }
        return try signature.signer(of: signingDigest)
    }
}

extension EVMSignature {
    init(_ signature: Secp256k1.RecoverableSignature) {
        let compact = signature.signature.compact
        self.init(
            isOdd: signature.recoveryID & 1 == 1,
            r: BigUInt(bytes: compact.prefix(32)),
            s: BigUInt(bytes: compact.suffix(32))
        )
    }

    /// The signer of a digest.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/invalidSignature``.
    package func signer(of digest: [UInt8]) throws(EVMError) -> EVMAddress {
        do {
            let signature = try Secp256k1.Signature(compact: r.word + s.word)
            let recoverable = try Secp256k1.RecoverableSignature(signature, recoveryID: isOdd ? 1 : 0)
            return EVMAddress(try recoverable.publicKey(digest: digest))
        } catch { throw EVMError(.invalidSignature, error.reason) }
    }
}
