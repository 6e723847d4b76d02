/// A private key of secp256k1 from which others are derived (BIP-32).
package struct ExtendedSecp256k1Key: Sendable {
    /// The key.
    package let key: Secp256k1.PrivateKey
    let chainCode: SecretBytes

    /// The master key of a seed of 16 to 64 bytes.
    ///
    /// - Throws: ``CryptographyError`` when the seed leads to no key, which happens with a probability below 2^-127.
    package init(seed: SecretBytes) throws(CryptographyError) {
        let (key, chainCode) = try KeyDerivationStep.master(seed, name: "Bitcoin seed")
        self.key = try Secp256k1.PrivateKey(key)
        self.chainCode = chainCode
    }

    private init(key: Secp256k1.PrivateKey, chainCode: SecretBytes) {
        self.key = key
        self.chainCode = chainCode
    }

    /// The key at the end of a path.
    ///
    /// - Throws: ``CryptographyError`` when a step leads to no key; the caller then uses the next number.
    package func derived(_ path: KeyPath) throws(CryptographyError) -> Self {
        var current = self
        for step in path.steps { current = try current.child(step) }
        return current
    }

    private func child(_ number: UInt32) throws(CryptographyError) -> Self {
        let front: SecretBytes =
            number >= KeyPath.hardened
            ? SecretBytes(joining: [0] as [UInt8], key.secret) : SecretBytes(key.publicKey.compressed)
        let (tweak, chainCode) = KeyDerivationStep.split(chainCode, front, number)
        return Self(key: try key.adding(tweak: tweak), chainCode: chainCode)
    }
}

/// A private key of Ed25519 from which others are derived; every step is hardened (SLIP-10).
package struct ExtendedEd25519Key: Sendable {
    /// The seed of the key.
    package let seed: SecretBytes
    private let chainCode: SecretBytes

    /// The master key of a seed of 16 to 64 bytes.
    ///
    /// - Throws: ``CryptographyError/invalidParameter(_:)`` when the seed has another length.
    package init(seed: SecretBytes) throws(CryptographyError) {
        (self.seed, chainCode) = try KeyDerivationStep.master(seed, name: "ed25519 seed")
    }

    private init(seed: SecretBytes, chainCode: SecretBytes) {
        self.seed = seed
        self.chainCode = chainCode
    }

    /// The key at the end of a path.
    ///
    /// - Throws: ``CryptographyError/invalidParameter(_:)`` when a step is not hardened.
    package func derived(_ path: KeyPath) throws(CryptographyError) -> Self {
        var current = self
        for step in path.steps {
            guard step >= KeyPath.hardened else { throw .invalidParameter("keys of Ed25519 have hardened steps only") }
            let front = SecretBytes(joining: [0] as [UInt8], current.seed)
            let (seed, chainCode) = KeyDerivationStep.split(current.chainCode, front, step)
            current = Self(seed: seed, chainCode: chainCode)
        }
        return current
    }
}

/// The parts that both kinds of key trees share.
enum KeyDerivationStep {
    static func master(
        _ seed: SecretBytes,
        name: String
    ) throws(CryptographyError) -> (key: SecretBytes, chainCode: SecretBytes) {
        guard (16...64).contains(seed.count) else { throw .invalidParameter("a seed has 16 to 64 bytes") }
        return halves(SecretBytes(HMAC.sha512(key: Array(name.utf8), message: seed)))
    }

    static func split(
        _ chainCode: SecretBytes,
        _ front: SecretBytes,
        _ number: UInt32
    ) -> (key: SecretBytes, chainCode: SecretBytes) {
        let message = unsafe SecretBytes(joining: front, withUnsafeBytes(of: number.bigEndian) { unsafe Array($0) })
        return halves(SecretBytes(HMAC.sha512(key: chainCode, message: message)))
    }

    private static func halves(_ bytes: SecretBytes) -> (key: SecretBytes, chainCode: SecretBytes) {
        (bytes.part(0..<32), bytes.part(32..<64))
    }
}
