/// The words from which wallets of many chains derive a seed (BIP-39, English).
package struct BIP39Mnemonic: Sendable {
    /// The words, separated by single spaces.
    private let sentence: SecretBytes

    /// Reads 12, 15, 18, 21 or 24 words.
    ///
    /// - Throws: ``CryptographyError/invalidParameter(_:)`` when a word is not in the list, or the checksum in the last
    ///   word is wrong: a word is mistyped.
    package init(_ words: [String]) throws(CryptographyError) {
        guard [12, 15, 18, 21, 24].contains(words.count) else {
            throw .invalidParameter("a mnemonic has 12, 15, 18, 21 or 24 words")
        }
        var bits: [Bool] = []
        for (place, word) in words.enumerated() {
            guard let number = EnglishWords.number(of: word) else {
                throw .invalidParameter("word \(place + 1) is not in the list")
            }
            for bit in (0..<11).reversed() { bits.append(number >> bit & 1 == 1) }
        }
        let checksumBits = bits.count / 33
        let entropy = stride(from: 0, to: bits.count - checksumBits, by: 8).map { start in
            bits[start..<start + 8].reduce(UInt8(0)) { $0 << 1 | ($1 ? 1 : 0) }
        }
        let expected = SHA256.hash(entropy)[0] >> UInt8(8 - checksumBits)
        let stated = bits.suffix(checksumBits).reduce(UInt8(0)) { $0 << 1 | ($1 ? 1 : 0) }
        guard expected == stated else { throw .invalidParameter("the words do not belong together") }
        sentence = SecretBytes(Array(words.joined(separator: " ").utf8))
    }

    /// The 64 bytes from which keys are derived: PBKDF2-HMAC-SHA-512 with 2048 rounds.
    ///
    /// - Parameter passphrase: in Unicode's form NFKD, as plain letters and digits always are.
    /// - Throws: ``CryptographyError``.
    /// - Returns: the seed.
    package func seed(passphrase: String = "") throws(CryptographyError) -> SecretBytes {
        try KeyDerivation.pbkdf2SHA512(
            password: sentence,
            salt: Array(("mnemonic" + passphrase).utf8),
            iterations: 2_048,
            length: 64
        )
    }
}
