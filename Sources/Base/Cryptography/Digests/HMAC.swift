import COpenSSL

/// HMAC (RFC 2104) over SHA-2.
package enum HMAC {
    /// The HMAC-SHA-256 of `message` under `key`, 32 bytes.
    package static func sha256(key: some ByteLending, message: some ByteLending) -> [UInt8] {
        MessageAuthentication.sha256.code(key: key, message: message)
    }

    /// The HMAC-SHA-512 of `message` under `key`, 64 bytes.
    package static func sha512(key: some ByteLending, message: some ByteLending) -> [UInt8] {
        MessageAuthentication.sha512.code(key: key, message: message)
    }

    /// Whether `code` is the HMAC-SHA-256 of `message` under `key`, compared in constant time.
    package static func isValidSHA256(
        _ code: some ByteLending,
        key: some ByteLending,
        message: some ByteLending
    ) -> Bool {
        constantTimeEquals(code, sha256(key: key, message: message))
    }
}

/// An HMAC whose digest is already chosen, from which each computation starts with a copy.
///
/// Fetching the algorithm and its digest by name each time would cost several times the computation itself.
@safe private final class MessageAuthentication: Sendable {
    // Set up in `init` and never computed with: each computation works on a duplicate.
    // Proof: EVP_MAC_CTX_dup(3), the only call that is given it after `init`, takes its source as const.
    nonisolated(unsafe) private let template: OpaquePointer
    private let length: Int

    static let sha256 = MessageAuthentication(digest: "SHA2-256", length: SHA256.digestLength)
    static let sha512 = MessageAuthentication(digest: "SHA2-512", length: SHA512.digestLength)

    private init(digest: StaticString, length: Int) {
        guard let algorithm = unsafe EVP_MAC_fetch(nil, OSSL_MAC_NAME_HMAC, nil) else {
            preconditionFailure("\(CryptographyError.openSSL("EVP_MAC_fetch"))")
        }
        defer { unsafe EVP_MAC_free(algorithm) }
        guard let template = unsafe EVP_MAC_CTX_new(algorithm) else {
            preconditionFailure("\(CryptographyError.openSSL("EVP_MAC_CTX_new"))")
        }
        let parameters = unsafe [OSSL_PARAM.text("digest", digest), OSSL_PARAM_construct_end()]
        let status = unsafe EVP_MAC_CTX_set_params(template, parameters)
        precondition(status == 1, "OpenSSL has no HMAC over \(digest)")
        unsafe self.template = template
        self.length = length
    }

    deinit { unsafe EVP_MAC_CTX_free(template) }

    func code(key: some ByteLending, message: some ByteLending) -> [UInt8] {
        let code = unsafe key.withUnsafeBytes { key in
            unsafe message.withUnsafeBytes { message in unsafe compute(key: key, message: message) }
        }
        guard let code else {
            // HMAC accepts keys and messages of every length, so that only a lack of memory leads here.
            preconditionFailure("\(CryptographyError.openSSL("EVP_MAC"))")
        }
        return code
    }

    private func compute(key: UnsafeRawBufferPointer, message: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let context = unsafe EVP_MAC_CTX_dup(template) else { return nil }
        defer { unsafe EVP_MAC_CTX_free(context) }
        return unsafe [UInt8].filled(count: length) { output in
            unsafe EVP_MAC_init(context, key.octets, key.count, nil) == 1
                && EVP_MAC_update(context, message.octets, message.count) == 1
                && EVP_MAC_final(context, output, nil, length) == 1
        }
    }
}
