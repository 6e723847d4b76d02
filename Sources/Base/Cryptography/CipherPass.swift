import COpenSSL

/// One encryption or decryption with AES-256-GCM: key, nonce and associated data first, then the text, then the tag.
@safe struct CipherPass: ~Copyable {
    enum Direction: Int32 {
        case decrypt = 0
        case encrypt = 1
    }

    private let context: OpaquePointer

    private init(context: OpaquePointer) { unsafe self.context = context }

    /// A pass that is ready for the text; `nil` when OpenSSL fails.
    static func start(
        _ direction: Direction,
        key: SecretBytes,
        nonce: [UInt8],
        associatedData: UnsafeRawBufferPointer
    ) -> Self? {
        guard let context = unsafe EVP_CIPHER_CTX_new() else { return nil }
        let pass = unsafe Self(context: context)
        let prepared = unsafe key.withUnsafeBytes { key in
            unsafe EVP_CipherInit_ex2(
                context,
                CipherAlgorithm.aes256GCM.pointer,
                key.octets,
                nonce,
                direction.rawValue,
                nil
            ) == 1
        }
        // A null output means that the input is associated data.
        var written: Int32 = 0
        guard prepared,
            unsafe EVP_CipherUpdate(
                context,
                nil,
                &written,
                associatedData.octets,
                Int32(associatedData.count)
            ) == 1
        else { return nil }
        return pass
    }

    deinit { unsafe EVP_CIPHER_CTX_free(context) }

    /// Transforms the whole text; GCM is a stream cipher mode, so that input and output have the same length.
    func transform(_ input: UnsafeRawBufferPointer, into output: UnsafeMutablePointer<UInt8>) -> Bool {
        var written: Int32 = 0
        return unsafe EVP_CipherUpdate(context, output, &written, input.octets, Int32(input.count)) == 1
            && written == input.count
    }

    /// Ends an encryption and writes its tag.
    func finish(tag: inout [UInt8]) -> Bool {
        unsafe end() && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tag.count), &tag) == 1
    }

    /// Ends a decryption: whether `tag` is right.
    func verify(tag: [UInt8]) -> Bool {
        var tag = tag
        return unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), &tag) == 1 && end()
    }

    private func end() -> Bool {
        // GCM writes nothing at the end, but the call needs a buffer.
        var rest = [UInt8](repeating: 0, count: 16)
        var written: Int32 = 0
        return unsafe EVP_CipherFinal_ex(context, &rest, &written) == 1
    }
}

/// A cipher of OpenSSL, fetched once and kept.
@safe private final class CipherAlgorithm: Sendable {
    // Fetched in `init`, freed in `deinit`.
    // Proof: EVP_CIPHER_fetch(3): the object is reference counted and has no call that changes it.
    nonisolated(unsafe) let pointer: OpaquePointer

    static let aes256GCM = CipherAlgorithm(name: "AES-256-GCM")

    private init(name: String) {
        guard let pointer = unsafe EVP_CIPHER_fetch(nil, name, nil) else {
            preconditionFailure("\(CryptographyError.openSSL("EVP_CIPHER_fetch(\(name))"))")
        }
        unsafe self.pointer = pointer
    }

    deinit { unsafe EVP_CIPHER_free(pointer) }
}
