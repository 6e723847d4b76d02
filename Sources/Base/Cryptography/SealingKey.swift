package import Seams

/// Seals secrets that are stored in a database by AES-256-GCM, each for its own purpose.
///
/// A secret that was sealed for one purpose does not open for another. So nobody with write access to the database can
/// move a secret to another owner.
package struct SealingKey: Sendable {
    private let key: SecretBytes
    private let random: any RandomSource

    /// A key of 32 bytes.
    package init(_ key: SecretBytes, random: any RandomSource) {
        self.key = key
        self.random = random
    }

    /// Seals a secret; the result is nonce, ciphertext and tag in one.
    ///
    /// The secret is hidden from peers for as long as the process holds it.
    ///
    /// - Throws: ``CryptographyError``.
    package func seal(_ secret: SecretBytes, for purpose: String) throws(CryptographyError) -> [UInt8] {
        secret.hideWhileHeld()
        return try sealText(secret, for: purpose)
    }

    /// Seals a text that only contains a secret, for example an answer.
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

    /// Opens a text that only contains a secret, for example an answer.
    ///
    /// - Throws: ``CryptographyError`` when it was sealed under another key or for another purpose, or was changed.
    package func openText(_ sealed: [UInt8], for purpose: String) throws(CryptographyError) -> SecretBytes {
        try AES256GCM.open(AES256GCM.SealedBox(combined: sealed), key: key, authenticating: Array(purpose.utf8))
    }
}
