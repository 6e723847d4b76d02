package import Seams

/// Seals what is secret and has to rest in a database, each thing for its own purpose, by AES-256-GCM.
///
/// What was sealed for one purpose does not open for another, so that nobody who can write the database moves a secret to
/// another owner.
package struct SealingKey: Sendable {
    private let key: SecretBytes
    private let random: any RandomSource

    /// A key of 32 bytes.
    package init(_ key: SecretBytes, random: any RandomSource) {
        self.key = key
        self.random = random
    }

    /// Seals a secret; what comes out is nonce, ciphertext and tag in one.
    ///
    /// What is worth sealing is hidden from peers for as long as the process holds it.
    ///
    /// - Throws: ``CryptographyError``.
    package func seal(_ secret: SecretBytes, for purpose: String) throws(CryptographyError) -> [UInt8] {
        secret.hideWhileHeld()
        return try sealText(secret, for: purpose)
    }

    /// Seals what is no secret by itself, as an answer that tells one.
    ///
    /// - Throws: ``CryptographyError``.
    package func sealText(_ text: SecretBytes, for purpose: String) throws(CryptographyError) -> [UInt8] {
        try AES256GCM.seal(
            text,
            key: key,
            nonce: random.bytes(AES256GCM.nonceLength),
            authenticating: Array(purpose.utf8)
        )
        .combined
    }

    /// Opens a secret, which is hidden from peers for as long as the process holds it.
    ///
    /// - Throws: ``CryptographyError`` when it was sealed under another key or for another purpose, or was changed.
    package func open(_ sealed: [UInt8], for purpose: String) throws(CryptographyError) -> SecretBytes {
        let secret = try openText(sealed, for: purpose)
        secret.hideWhileHeld()
        return secret
    }

    /// Opens what was sealed without being a secret by itself, as an answer that tells one.
    ///
    /// - Throws: ``CryptographyError`` when it was sealed under another key or for another purpose, or was changed.
    package func openText(_ sealed: [UInt8], for purpose: String) throws(CryptographyError) -> SecretBytes {
        try AES256GCM.open(AES256GCM.SealedBox(combined: sealed), key: key, authenticating: Array(purpose.utf8))
    }
}
