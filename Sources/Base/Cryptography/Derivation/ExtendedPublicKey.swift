/// A public key of secp256k1 from which other public keys are derived, without any private key (BIP-32).
package struct ExtendedSecp256k1PublicKey: Sendable {
    /// The key.
    package let key: Secp256k1.PublicKey
    /// The 32 bytes that the steps depend on besides the key.
    ///
    /// Together with the private key of any child they lead to the private key of this key.
    package let chainCode: SecretBytes

    /// A key with its chain code of 32 bytes.
    package init(key: Secp256k1.PublicKey, chainCode: SecretBytes) {
        self.key = key
        self.chainCode = chainCode
    }

    /// The key at the end of a path without hardened steps.
    ///
    /// - Throws: ``CryptographyError/invalidParameter(_:)`` when a step is hardened, which needs the private key; and
    ///   ``CryptographyError`` when a step leads to no key.
    package func derived(_ path: KeyPath) throws(CryptographyError) -> Self {
        var current = self
        for step in path.steps {
            guard step < KeyPath.hardened else { throw .invalidParameter("a hardened step needs the private key") }
            let front = SecretBytes(current.key.compressed)
            let (tweak, chainCode) = KeyDerivationStep.split(current.chainCode, front, step)
            current = Self(key: try current.key.adding(tweak: tweak), chainCode: chainCode)
        }
        return current
    }
}

extension ExtendedSecp256k1Key {
    /// The public half, from which the public keys of steps that are not hardened are derived.
    package var publicHalf: ExtendedSecp256k1PublicKey {
        ExtendedSecp256k1PublicKey(key: key.publicKey, chainCode: chainCode)
    }
}
