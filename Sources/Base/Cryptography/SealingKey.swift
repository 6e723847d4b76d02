package import Seams

/// Seals secrets and personal data that are stored in a database by AES-256-GCM, each for its own purpose.
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

    /// Seals bytes; the result is nonce, ciphertext and tag in one.
    ///
    /// - Throws: ``CryptographyError``.
    package func seal(_ bytes: SecretBytes, for purpose: String) throws(CryptographyError) -> [UInt8] {
        try AES256GCM.seal(
            bytes,
            key: key,
            nonce: random.bytes(AES256GCM.nonceLength),
            authenticating: Array(purpose.utf8)
        )
        .combined
    }

    /// Opens sealed bytes.
    ///
    /// They are not hidden from peers: what was sealed may be a stranger's text, for example a name.
    ///
    /// - Throws: ``CryptographyError`` when it was sealed under another key or for another purpose, or was changed.
    package func open(_ sealed: [UInt8], for purpose: String) throws(CryptographyError) -> SecretBytes {
        try AES256GCM.open(AES256GCM.SealedBox(combined: sealed), key: key, authenticating: Array(purpose.utf8))
    }
}
