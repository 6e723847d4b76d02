import COpenSSL

/// Ed25519 signatures (RFC 8032, 5.1: the pure variant without context).
package enum Ed25519 {
    /// The length of a seed, which is the private key of RFC 8032, in bytes.
    package static let seedLength = 32
    /// The length of a public key in bytes.
    package static let publicKeyLength = 32
    /// The length of a signature in bytes.
    package static let signatureLength = 64

    /// A private key that is loaded into OpenSSL once and kept.
    ///
    /// It is made from the seed only. An interface that takes a seed and a public key separately can be led to sign
    /// with a pair that does not match, which reveals the private scalar.
    package struct PrivateKey: Sendable {
        private let key: Ed25519Key
        /// The public key that belongs to the seed.
        package let publicKey: PublicKey

        /// The key that belongs to a 32-byte `seed`.
        ///
        /// - Throws: ``CryptographyError/invalidKey(_:)`` when the seed does not have 32 bytes.
        package init(seed: SecretBytes) throws(CryptographyError) {
            guard seed.count == Ed25519.seedLength else {
                throw .invalidKey("an Ed25519 seed has \(Ed25519.seedLength) bytes")
            }
            key = try Ed25519Key(seed: seed)
            publicKey = try PublicKey(key.publicKey())
        }

        /// The signature of `message`, 64 bytes; the same for the same message each time.
        ///
        /// - Throws: ``CryptographyError/libraryFailure(_:)``.
        package func sign(_ message: some ByteLending) throws(CryptographyError) -> [UInt8] {
            try key.sign(message)
        }
    }

    /// A public key, checked when it is made.
    package struct PublicKey: Sendable {
        /// The 32 bytes of RFC 8032, 5.1.2.
        package let bytes: [UInt8]
        private let key: Ed25519Key

        /// The key with these 32 bytes.
        ///
        /// Keys of small order are refused, because one signature is valid for many messages under them. Encodings that
        /// are not canonical are refused, so that one point is never two keys. Whether the bytes encode a point of the
        /// curve is seen when a signature is checked: without a point, none is valid.
        /// - Throws: ``CryptographyError/invalidKey(_:)``.
        package init(_ bytes: [UInt8]) throws(CryptographyError) {
            guard bytes.count == Ed25519.publicKeyLength else {
                throw .invalidKey("an Ed25519 public key has \(Ed25519.publicKeyLength) bytes")
            }
            guard !Ed25519.isNonCanonical(bytes) else {
                throw .invalidKey("the encoding of the Ed25519 public key is not canonical")
            }
            guard !Ed25519.hasSmallOrder(bytes) else {
                throw .invalidKey("the Ed25519 public key is a point of small order")
            }
            key = try Ed25519Key(publicKey: bytes)
            self.bytes = bytes
        }

        /// Whether `signature` is this key's signature of `message`.
        ///
        /// Any length is accepted; one that is not 64 bytes is not valid.
        package func isValid(signature: some ByteLending, for message: some ByteLending) -> Bool {
            key.isValid(signature: signature, for: message)
        }
    }
}

extension Ed25519.PrivateKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `‹redacted›`.
    package var description: String { "‹redacted›" }
    /// Always `‹redacted›`.
    package var debugDescription: String { "‹redacted›" }
    /// No children.
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection(), displayStyle: .struct) }
}

extension Ed25519.PublicKey: Hashable {
    /// Whether two keys have the same bytes.
    package static func == (lhs: Self, rhs: Self) -> Bool { lhs.bytes == rhs.bytes }

    /// Hashes the bytes.
    package func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}

extension Ed25519 {
    /// Whether the y coordinate is 2^255 − 19 or more (RFC 8032, 5.1.3, step 1).
    fileprivate static func isNonCanonical(_ bytes: [UInt8]) -> Bool {
        bytes[31] & 0x7F == 0x7F && bytes[1..<31].allSatisfy { $0 == 0xFF } && bytes[0] >= 0xED
    }

    /// Whether the bytes encode one of the eight points whose order divides the cofactor, whatever the sign bit is.
    ///
    /// For the neutral element (y = 1) and the point of order two (y = −1), x is zero, so that a set sign bit is
    /// another encoding of the same point. Masking the bit covers it. Encodings with y ≥ p were refused before.
    fileprivate static func hasSmallOrder(_ bytes: [UInt8]) -> Bool {
        var y = bytes
        y[31] &= 0x7F
        return smallOrderY.contains(y)
    }

    /// The y coordinates of the points of order 1, 4, 2 and 8, little-endian.
    ///
    /// The last two are ±y of order eight, the roots of d·y⁴ + 2·y² − 1 modulo 2^255 − 19.
    private static let smallOrderY: [[UInt8]] = [
        [1] + [UInt8](repeating: 0, count: 31),
        [UInt8](repeating: 0, count: 32),
        [0xEC] + [UInt8](repeating: 0xFF, count: 30) + [0x7F],
        [
            0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98, 0xF0,
            0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05,
        ],
        [
            0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10, 0x67, 0x0F,
            0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A,
        ],
    ]
}
