import COpenSSL

/// A digest algorithm of OpenSSL, fetched once and kept.
///
/// `EVP_sha256()` and its like look the implementation up again at each use; a fetched `EVP_MD` does not.
@safe final class MessageDigest: Sendable {
    // Fetched in `init`, freed in `deinit`.
    // Proof: EVP_MD_fetch(3): the object is reference counted and has no call that changes it.
    nonisolated(unsafe) let pointer: OpaquePointer

    static let sha256 = MessageDigest(name: "SHA2-256")
    static let sha512 = MessageDigest(name: "SHA2-512")

    private init(name: String) {
        guard let pointer = unsafe EVP_MD_fetch(nil, name, nil) else {
            // No input leads here: an OpenSSL without SHA-2 cannot serve a single request.
            preconditionFailure("\(CryptographyError.openSSL("EVP_MD_fetch(\(name))"))")
        }
        unsafe self.pointer = pointer
    }

    deinit { unsafe EVP_MD_free(pointer) }

    /// The digest of `bytes`, `length` bytes long.
    func hash(_ bytes: UnsafeRawBufferPointer, length: Int) -> [UInt8] {
        let digest = unsafe [UInt8].filled(count: length) {
            unsafe EVP_Digest(bytes.octets, bytes.count, $0, nil, pointer, nil) == 1
        }
        guard let digest else {
            // Hashing in memory fails only when no memory is left.
            preconditionFailure("\(CryptographyError.openSSL("EVP_Digest"))")
        }
        return digest
    }
}
