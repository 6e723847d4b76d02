import Cryptography
import Keystore

/// The keys that are derived from one entry of the keystore, one for each use (RFC 5869).
struct GatewayKeys {
    /// The use of a key; the text is the salt, so it never changes.
    enum Use: String {
        case bots
        case checkout
        case claims
        case personalData = "personal data"
        case walletSessions = "wallet sessions"
    }

    /// The key that seals endpoints' secrets.
    let endpoints: SecretBytes

    /// The keys of a keystore.
    ///
    /// - Throws: what the keystore throws.
    init(_ keystore: Keystore) throws {
        endpoints = try unsafe keystore.secret(Gateway.sealEntry).withUnsafeBytes {
            unsafe SecretBytes(SHA256.hash(Array($0)))
        }
    }

    /// The key for a use, 32 bytes.
    ///
    /// - Throws: `CryptographyError`.
    func key(for use: Use) throws -> SecretBytes {
        try KeyDerivation.hkdfSHA256(
            key: endpoints,
            salt: Array("settlegate \(use.rawValue)".utf8),
            info: [],
            length: 32
        )
    }
}
