import COpenSSL

/// Keys from passwords and from other keys.
///
/// Every function refuses parameters outside its limits, so that a file or a message with such parameters cannot demand
/// excessive work or memory.
package enum KeyDerivation {
    /// The longest password, salt, key or context, in bytes.
    package static let inputLengthMax = 1 << 20
    /// The longest output, in bytes.
    package static let outputLengthMax = 1_024
    /// The most iterations of PBKDF2.
    package static let iterationsMax = 10_000_000
    /// The most memory that scrypt may ask for, in bytes.
    package static let scryptMemoryMax = 256 << 20
    /// The largest product of scrypt's three costs, which bounds its time.
    package static let scryptCostMax = 1 << 24

    /// PBKDF2 with HMAC-SHA-512 (RFC 8018, 5.2), as TON mnemonics and BIP-39 use it.
    ///
    /// - Throws: ``CryptographyError/invalidParameter(_:)`` when a limit is exceeded.
    package static func pbkdf2SHA512(
        password: some ByteLending,
        salt: some ByteLending,
        iterations: Int,
        length: Int
    ) throws(CryptographyError) -> SecretBytes {
        try pbkdf2(.sha512, password: password, salt: salt, iterations: iterations, length: length)
    }

    /// PBKDF2 with HMAC-SHA-256 (RFC 8018, 5.2).
    ///
    /// - Throws: ``CryptographyError/invalidParameter(_:)`` when a limit is exceeded.
    package static func pbkdf2SHA256(
        password: some ByteLending,
        salt: some ByteLending,
        iterations: Int,
        length: Int
    ) throws(CryptographyError) -> SecretBytes {
        try pbkdf2(.sha256, password: password, salt: salt, iterations: iterations, length: length)
    }

    /// HKDF with SHA-256, extract then expand (RFC 5869); an empty `salt` stands for the one of 32 zero bytes.
    ///
    /// - Throws: ``CryptographyError/invalidParameter(_:)`` when a limit is exceeded or `key` is empty.
    package static func hkdfSHA256(
        key: some ByteLending,
        salt: some ByteLending,
        info: some ByteLending,
        length: Int
    ) throws(CryptographyError) -> SecretBytes {
        unsafe try derive(key, salt, length: length, call: "HKDF") { key, salt, output in
            unsafe info.withUnsafeBytes { info in
                guard key.count > 0, info.count <= inputLengthMax else { return nil }
                return unsafe HKDFAlgorithm.shared.deriveSHA256(key: key, salt: salt, info: info, into: output)
            }
        }
    }

    /// scrypt (RFC 7914): `n` is the cost, a power of two above one, `r` the block size and `p` the parallelisation.
    ///
    /// It needs 128 · n · r bytes of memory.
    /// - Throws: ``CryptographyError/invalidParameter(_:)`` when a limit is exceeded.
    package static func scrypt(
        password: some ByteLending,
        salt: some ByteLending,
        n: Int,
        r: Int,
        p: Int,
        length: Int
    ) throws(CryptographyError) -> SecretBytes {
        guard isAcceptableScrypt(n: n, r: r, p: p) else {
            throw .invalidParameter("the costs of scrypt are outside their limits")
        }
        return unsafe try derive(password, salt, length: length, call: "scrypt") { password, salt, output in
            unsafe EVP_PBE_scrypt(
                password.baseAddress?.assumingMemoryBound(to: CChar.self),
                password.count,
                salt.octets,
                salt.count,
                UInt64(n),
                UInt64(r),
                UInt64(p),
                UInt64(scryptMemoryMax + scryptMemoryMax / 2),
                output.octets,
                output.count
            ) == 1
        }
    }

    /// Whether ``scrypt(password:salt:n:r:p:length:)`` accepts these costs.
    package static func isAcceptableScrypt(n: Int, r: Int, p: Int) -> Bool {
        // Each factor is bounded before it is multiplied, so that no product overflows.
        guard n > 1, n <= scryptCostMax, n & (n - 1) == 0, (1...1_024).contains(r), (1...1_024).contains(p) else {
            return false
        }
        return 128 * n * r <= scryptMemoryMax && 128 * r * p <= scryptMemoryMax && n * r * p <= scryptCostMax
    }

    private static func pbkdf2(
        _ digest: MessageDigest,
        password: some ByteLending,
        salt: some ByteLending,
        iterations: Int,
        length: Int
    ) throws(CryptographyError) -> SecretBytes {
        guard (1...iterationsMax).contains(iterations) else {
            throw .invalidParameter("PBKDF2 takes 1 to \(iterationsMax) iterations")
        }
        return unsafe try derive(password, salt, length: length, call: "PBKDF2") { password, salt, output in
            unsafe PKCS5_PBKDF2_HMAC(
                UnsafeRawPointer(password.octets).assumingMemoryBound(to: CChar.self),
                Int32(password.count),
                salt.octets,
                Int32(salt.count),
                Int32(iterations),
                digest.pointer,
                Int32(output.count),
                output.octets
            ) == 1
        }
    }

    /// Checks the lengths and lends both inputs and the output to `body`, which returns whether it succeeded, or `nil`
    /// when it refuses a parameter.
    private static func derive(
        _ secret: some ByteLending,
        _ salt: some ByteLending,
        length: Int,
        call: String,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer) -> Bool?
    ) throws(CryptographyError) -> SecretBytes {
        guard (1...outputLengthMax).contains(length) else {
            throw .invalidParameter("\(call) gives 1 to \(outputLengthMax) bytes")
        }
        var answer: Bool?
        let output = unsafe SecretBytes(count: length) { output in
            unsafe secret.withUnsafeBytes { secret in
                unsafe salt.withUnsafeBytes { salt in
                    guard secret.count <= inputLengthMax, salt.count <= inputLengthMax else { return }
                    answer = unsafe body(secret, salt, output)
                }
            }
        }
        switch answer {
        case true?: return output
        case false?: throw .openSSL(call)
        case nil: throw .invalidParameter("an input of \(call) is empty or longer than \(inputLengthMax) bytes")
        }
    }
}
