import COpenSSL

/// SHA-256 for hot loops: one context, reused for digest after digest.
///
/// A context made anew for each digest costs more than the digest of a hundred bytes itself.
@safe package struct SHA256Hasher: ~Copyable {
    private let context: OpaquePointer
    private let algorithm: OpaquePointer

    /// A hasher with a context of its own.
    package init() {
        guard let context = unsafe EVP_MD_CTX_new() else {
            preconditionFailure("\(CryptographyError.openSSL("EVP_MD_CTX_new"))")
        }
        unsafe self.context = context
        unsafe algorithm = MessageDigest.sha256.pointer
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    /// Writes the digest of `bytes` into the first 32 bytes of `digest`, which may overlap `bytes`.
    @unsafe package mutating func hash(_ bytes: UnsafeRawBufferPointer, into digest: UnsafeMutableRawBufferPointer) {
        precondition(digest.count >= SHA256.digestLength, "a SHA-256 digest takes 32 bytes")
        let output = unsafe digest.octets
        guard unsafe EVP_DigestInit_ex2(context, algorithm, nil) == 1,
            unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1,
            unsafe EVP_DigestFinal_ex(context, output, nil) == 1
        else {
            // With a valid context and algorithm, no input can make this fail.
            preconditionFailure("\(CryptographyError.openSSL("EVP_DigestFinal_ex"))")
        }
    }

    /// Begins a digest of bytes that come in pieces, see ``add(_:)`` and ``finish()``.
    package mutating func begin() {
        precondition(unsafe EVP_DigestInit_ex2(context, algorithm, nil) == 1, "EVP_DigestInit_ex2")
    }

    /// Adds the next piece.
    package mutating func add(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { piece in
            let isTaken = unsafe EVP_DigestUpdate(context, piece.baseAddress, piece.count)
            precondition(isTaken == 1, "EVP_DigestUpdate")
        }
    }

    /// The digest of all pieces since ``begin()``.
    package mutating func finish() -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: SHA256.digestLength) { buffer, initialised in
            let isDone = unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
            precondition(isDone == 1, "EVP_DigestFinal_ex")
            initialised = SHA256.digestLength
        }
    }

    /// The digest of `bytes`.
    package mutating func hash(_ bytes: [UInt8]) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: SHA256.digestLength) { buffer, initialised in
            unsafe bytes.withUnsafeBytes { unsafe hash($0, into: UnsafeMutableRawBufferPointer(buffer)) }
            initialised = SHA256.digestLength
        }
    }
}

// Two threads can never be inside the context at once, wherever the value moves.
// Proof: the context belongs to this one value, which cannot be copied, and every use of it is `mutating`.
extension SHA256Hasher: @unchecked Sendable {}
