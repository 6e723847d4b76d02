import COpenSSL

/// An Ed25519 key inside OpenSSL.
///
/// Loading the raw key costs as much as a signature, so the object is kept and shared.
@safe final class Ed25519Key: Sendable {
    // After `init`, the key is only passed to EVP_DigestSignInit, EVP_DigestVerifyInit and EVP_PKEY_get_raw_public_key,
    // which read it; its reference count and its cache of exports are kept under OpenSSL's own locks.
    // Proof: openssl-threads(7): several threads may use an object as long as the calls do not modify it.
    nonisolated(unsafe) private let pointer: OpaquePointer

    init(seed: SecretBytes) throws(CryptographyError) {
        let pointer = unsafe seed.withUnsafeBytes {
            unsafe EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, $0.octets, $0.count)
        }
        guard let pointer = unsafe pointer else { throw .openSSL("EVP_PKEY_new_raw_private_key") }
        unsafe self.pointer = pointer
    }

    init(publicKey: [UInt8]) throws(CryptographyError) {
        guard let pointer = unsafe EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, publicKey, publicKey.count)
        else { throw .openSSL("EVP_PKEY_new_raw_public_key") }
        unsafe self.pointer = pointer
    }

    deinit { unsafe EVP_PKEY_free(pointer) }

    func publicKey() throws(CryptographyError) -> [UInt8] {
        var length = Ed25519.publicKeyLength
        let bytes = unsafe [UInt8].filled(count: length) {
            unsafe EVP_PKEY_get_raw_public_key(pointer, $0, &length) == 1
        }
        guard let bytes, length == Ed25519.publicKeyLength else { throw .openSSL("EVP_PKEY_get_raw_public_key") }
        return bytes
    }

    func sign(_ message: some ByteLending) throws(CryptographyError) -> [UInt8] {
        var length = Ed25519.signatureLength
        let signature = unsafe message.withUnsafeBytes { message in
            unsafe [UInt8].filled(count: length) { output in
                guard let context = unsafe EVP_MD_CTX_new() else { return false }
                defer { unsafe EVP_MD_CTX_free(context) }
                return unsafe EVP_DigestSignInit(context, nil, nil, nil, pointer) == 1
                    && EVP_DigestSign(context, output, &length, message.octets, message.count) == 1
            }
        }
        guard let signature, length == Ed25519.signatureLength else { throw .openSSL("EVP_DigestSign") }
        return signature
    }

    func isValid(signature: some ByteLending, for message: some ByteLending) -> Bool {
        let status = unsafe signature.withUnsafeBytes { signature in
            unsafe message.withUnsafeBytes { message in unsafe verify(signature, message) }
        }
        if !status { CryptographyError.discardOpenSSLErrors() }
        return status
    }

    private func verify(_ signature: UnsafeRawBufferPointer, _ message: UnsafeRawBufferPointer) -> Bool {
        guard signature.count == Ed25519.signatureLength, let context = unsafe EVP_MD_CTX_new() else { return false }
        defer { unsafe EVP_MD_CTX_free(context) }
        return unsafe EVP_DigestVerifyInit(context, nil, nil, nil, pointer) == 1
            && EVP_DigestVerify(context, signature.octets, signature.count, message.octets, message.count) == 1
    }
}
