package import Cryptography
package import Seams

/// The 12 to 24 words from which wallet programs derive a key of TON; the words are those of BIP-39, but the derivation
/// is not.
///
/// `entropy = HMAC-SHA-512(key: words, data: password)`, `seed = PBKDF2-SHA-512(entropy, "TON default seed", 100,000)`.
package struct Mnemonic: Sendable {
    private static let iterations = 100_000

    /// The Ed25519 seed, 32 bytes.
    package let seed: SecretBytes

    /// The key of some words.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/malformedMnemonic`` when the words do not match; a mistyped word is
    ///   found in 255 of 256 cases. The rules are those of ton-crypto (`mnemonicValidate`).
    package init(_ words: [String], password: String = "") throws(TONError) {
        guard (12...24).contains(words.count) else { throw Self.malformed("a mnemonic has 12 to 24 words") }
        let areWords = words.allSatisfy { word in
            (3...8).contains(word.utf8.count)
                && word.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
        }
        guard areWords else { throw Self.malformed("each word has 3 to 8 lower-case letters") }
        guard words.allSatisfy({ EnglishWords.number(of: $0) != nil }) else {
            throw Self.malformed("a word is not one of the list of BIP-39")
        }
        let text = Array(words.joined(separator: " ").utf8)
        guard password.utf8.count <= 1_024 else { throw Self.malformed("the password is too long") }
        if !password.isEmpty {
            // Words that need a password are recognised without it: they are marked for a password, and not valid
            // without one.
            let bare = Self.entropy(text, password: "")
            guard try Self.isMarkedForPassword(bare), try !Self.isBasic(bare) else {
                throw Self.malformed("the words need no password")
            }
        }
        let entropy = Self.entropy(text, password: password)
        guard try Self.isBasic(entropy) else {
            throw Self.malformed(
                password.isEmpty ? "the words do not belong together" : "the password is not that of the words"
            )
        }
        let derived = try Self.derive(entropy, "TON default seed", Self.iterations, 64)
        seed = derived.withUnsafeBytes { SecretBytes(Array($0.prefix(32))) }
    }

    /// New words without a password: 24 random words, drawn until they match.
    ///
    /// - Throws: ``TONError`` when the random bytes never lead to matching words.
    package static func generate(from random: some RandomSource) throws(TONError) -> [String] {
        // One of 256 tries matches, so that 20,000 failures are practically impossible.
        for _ in 0..<20_000 {
            let bytes = random.bytes(48)
            // 2048 divides 65536, so that every word is as likely as any other.
            let words = (0..<24).map { EnglishWords.all[(Int(bytes[2 * $0]) << 8 | Int(bytes[2 * $0 + 1])) % 2_048] }
            if try isBasic(entropy(Array(words.joined(separator: " ").utf8), password: "")) { return words }
        }
        throw malformed("the random bytes lead to no words")
    }

    private static func entropy(_ words: [UInt8], password: String) -> SecretBytes {
        SecretBytes(HMAC.sha512(key: words, message: Array(password.utf8)))
    }

    /// Whether an entropy may be used for a key; one in 256 may.
    private static func isBasic(_ entropy: SecretBytes) throws(TONError) -> Bool {
        let version = try derive(entropy, "TON seed version", max(1, iterations / 256), 64)
        return version.withUnsafeBytes { $0.first } == 0
    }

    /// Whether the words alone are marked for a password; one in 256 is.
    private static func isMarkedForPassword(_ entropy: SecretBytes) throws(TONError) -> Bool {
        let version = try derive(entropy, "TON fast seed version", 1, 64)
        return version.withUnsafeBytes { $0.first } == 1
    }

    private static func derive(
        _ entropy: SecretBytes,
        _ salt: String,
        _ iterations: Int,
        _ length: Int
    ) throws(TONError) -> SecretBytes {
        do {
            return try KeyDerivation.pbkdf2SHA512(
                password: entropy,
                salt: Array(salt.utf8),
                iterations: iterations,
                length: length
            )
        } catch { throw TONError(.malformedMnemonic, error.description) }
    }

    private static func malformed(_ reason: String) -> TONError { TONError(.malformedMnemonic, reason) }
}
