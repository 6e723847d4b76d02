import COpenSSL
package import Seams

/// AES-256 in Galois/Counter Mode (NIST SP 800-38D) with a 96-bit nonce and a 128-bit tag.
///
/// A nonce must never be used twice under one key: two messages under the same nonce reveal their difference and the
/// key of the tag. With random nonces, a key may seal 2^32 messages.
package enum AES256GCM {
    /// The length of a key in bytes.
    package static let keyLength = 32
    /// The length of a nonce in bytes.
    package static let nonceLength = 12
    /// The length of a tag in bytes.
    package static let tagLength = 16
    /// The longest text and the longest associated data, in bytes.
    package static let inputLengthMax = 1 << 30

    /// The result of ``seal(_:key:nonce:authenticating:)``: the nonce, the encrypted text and the tag.
    package struct SealedBox: Hashable, Sendable {
        /// The nonce, 12 bytes; not secret.
        package let nonce: [UInt8]
        /// The encrypted text, as long as the text itself.
        package let ciphertext: [UInt8]
        /// The tag, 16 bytes.
        package let tag: [UInt8]

        /// A box of its three parts.
        ///
        /// - Throws: ``CryptographyError/invalidParameter(_:)`` when nonce or tag has another length.
        package init(nonce: [UInt8], ciphertext: [UInt8], tag: [UInt8]) throws(CryptographyError) {
            guard nonce.count == nonceLength else {
                throw .invalidParameter("a nonce of AES-GCM has \(nonceLength) bytes here")
            }
            guard tag.count == tagLength else {
                throw .invalidParameter("a tag of AES-GCM has \(tagLength) bytes here")
            }
            self.nonce = nonce
            self.ciphertext = ciphertext
            self.tag = tag
        }

        /// A box that was written as nonce, encrypted text and tag in one.
        ///
        /// - Throws: ``CryptographyError/invalidParameter(_:)`` when there are fewer than 28 bytes.
        package init(combined: [UInt8]) throws(CryptographyError) {
            guard combined.count >= nonceLength + tagLength else {
                throw .invalidParameter("a sealed box has at least \(nonceLength + tagLength) bytes")
            }
            try self.init(
                nonce: Array(combined.prefix(nonceLength)),
                ciphertext: Array(combined.dropFirst(nonceLength).dropLast(tagLength)),
                tag: Array(combined.suffix(tagLength))
            )
        }

        /// Nonce, encrypted text and tag in one.
        package var combined: [UInt8] { nonce + ciphertext + tag }
    }

    /// Encrypts `plaintext` under `key` with a nonce that was never used with this key, and authenticates it together
    /// with `associatedData`, which is not encrypted.
    ///
    /// - Throws: ``CryptographyError/invalidParameter(_:)`` when a length is wrong.
    package static func seal(
        _ plaintext: some ByteLending,
        key: SecretBytes,
        nonce: [UInt8],
        authenticating associatedData: some ByteLending
    ) throws(CryptographyError) -> SealedBox {
        try check(key: key, nonce: nonce)
        var tag = [UInt8](repeating: 0, count: tagLength)
        var sealed: [UInt8]?
        let fits = unsafe plaintext.withUnsafeBytes { plaintext in
            unsafe associatedData.withUnsafeBytes { associatedData in
                guard plaintext.count <= inputLengthMax, associatedData.count <= inputLengthMax else { return false }
                let pass = unsafe CipherPass.start(.encrypt, key: key, nonce: nonce, associatedData: associatedData)
                unsafe sealed = [UInt8].filled(count: plaintext.count) { output in
                    unsafe pass?.transform(plaintext, into: output) == true && pass?.finish(tag: &tag) == true
                }
                return true
            }
        }
        guard fits else { throw .invalidParameter("AES-GCM takes at most \(inputLengthMax) bytes") }
        guard let sealed else { throw .openSSL("AES-256-GCM") }
        return try SealedBox(nonce: nonce, ciphertext: sealed, tag: tag)
    }

    /// Encrypts `plaintext` under `key` with a nonce from `random`.
    ///
    /// - Throws: ``CryptographyError/invalidParameter(_:)`` when a length is wrong.
    package static func seal(
        _ plaintext: some ByteLending,
        key: SecretBytes,
        random: some RandomSource,
        authenticating associatedData: some ByteLending
    ) throws(CryptographyError) -> SealedBox {
        try seal(plaintext, key: key, nonce: random.bytes(nonceLength), authenticating: associatedData)
    }

    /// The text in `box`, after its tag was verified.
    ///
    /// - Throws: ``CryptographyError/authenticationFailed(_:)`` when box, key and `associatedData` do not belong
    ///   together; ``CryptographyError/invalidParameter(_:)`` when a length is wrong.
    package static func open(
        _ box: SealedBox,
        key: SecretBytes,
        authenticating associatedData: some ByteLending
    ) throws(CryptographyError) -> SecretBytes {
        try check(key: key, nonce: box.nonce)
        var outcome = Outcome.tooLong
        let plaintext = unsafe SecretBytes(count: box.ciphertext.count) { output in
            unsafe box.ciphertext.withUnsafeBytes { ciphertext in
                unsafe associatedData.withUnsafeBytes { associatedData in
                    guard ciphertext.count <= inputLengthMax, associatedData.count <= inputLengthMax else { return }
                    guard
                        let pass = unsafe CipherPass.start(
                            .decrypt,
                            key: key,
                            nonce: box.nonce,
                            associatedData: associatedData
                        ),
                        unsafe pass.transform(ciphertext, into: output.octets)
                    else {
                        outcome = .failed
                        return
                    }
                    outcome = pass.verify(tag: box.tag) ? .opened : .refused
                }
            }
        }
        switch outcome {
        case .opened: return plaintext
        case .refused:
            CryptographyError.discardOpenSSLErrors()
            throw .authenticationFailed("the sealed bytes, the key and the associated data do not belong together")
        case .failed: throw .openSSL("AES-256-GCM")
        case .tooLong: throw .invalidParameter("AES-GCM takes at most \(inputLengthMax) bytes")
        }
    }

    private enum Outcome { case opened, refused, failed, tooLong }

    private static func check(key: SecretBytes, nonce: [UInt8]) throws(CryptographyError) {
        guard key.count == keyLength else { throw .invalidKey("a key of AES-256 has \(keyLength) bytes") }
        guard nonce.count == nonceLength else {
            throw .invalidParameter("a nonce of AES-GCM has \(nonceLength) bytes here")
        }
    }
}
