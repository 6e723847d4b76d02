import COpenSSL

/// HKDF through OpenSSL's key derivation interface.
@safe final class HKDFAlgorithm: Sendable {
    // Fetched in `init`, freed in `deinit`.
    // Proof: EVP_KDF(3): the algorithm is reference counted and has no call that changes it.
    nonisolated(unsafe) private let pointer: OpaquePointer

    static let shared = HKDFAlgorithm()

    private init() {
        guard let pointer = unsafe EVP_KDF_fetch(nil, "HKDF", nil) else {
            preconditionFailure("\(CryptographyError.openSSL("EVP_KDF_fetch(HKDF)"))")
        }
        unsafe self.pointer = pointer
    }

    deinit { unsafe EVP_KDF_free(pointer) }

    /// Extract and expand with SHA-256; whether `output` was filled.
    func deriveSHA256(
        key: UnsafeRawBufferPointer,
        salt: UnsafeRawBufferPointer,
        info: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) -> Bool {
        guard let context = unsafe EVP_KDF_CTX_new(pointer) else { return false }
        defer { unsafe EVP_KDF_CTX_free(context) }
        let parameters = unsafe [
            OSSL_PARAM.text("digest", "SHA2-256"),
            OSSL_PARAM.octets("key", key),
            OSSL_PARAM.octets("salt", salt),
            OSSL_PARAM.octets("info", info),
            OSSL_PARAM_construct_end(),
        ]
        return unsafe EVP_KDF_derive(
            context,
            output.octets,
            output.count,
            parameters
        ) == 1
    }
}
