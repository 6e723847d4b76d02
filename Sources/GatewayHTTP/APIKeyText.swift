import Cryptography
public import Payments
public import Seams

/// An API key as its merchant has it: `sk_test_<identifier>_<secret>`; `rk` and `pk` for keys that may do less.
///
/// Only a digest of the secret part is stored. The secret has 256 random bits, so that a plain SHA-256 is enough.
public struct APIKeyText: Sendable {
    /// The key's identifier.
    public let id: APIKeyID
    private let secret: SecretBytes
    private let mode: GatewayAPI.Mode
    /// What kind of key its text says that it is.
    let role: KeyAccess.Role

    /// A new key.
    public init(
        id: APIKeyID,
        role: KeyAccess.Role = .secret,
        mode: GatewayAPI.Mode,
        random: some RandomSource
    ) {
        self.id = id
        self.role = role
        self.mode = mode
        secret = SecretBytes(Array(Hex.encode(random.bytes(32)).utf8))
    }

    /// Reads the value of an `Authorization` field; none when it holds no key of this mode.
    init?(_ authorization: String, mode: GatewayAPI.Mode) {
        guard authorization.utf8.count <= 256 else { return nil }
        let found = KeyAccess.Role.allCases.first { authorization.hasPrefix("Bearer \($0.prefix)_\(mode.rawValue)_") }
        guard let role = found else { return nil }
        let prefix = "Bearer \(role.prefix)_\(mode.rawValue)_"
        let parts = authorization.dropFirst(prefix.count).split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2, let id = try? APIKeyID("key_\(parts[0])"), !parts[1].isEmpty else { return nil }
        self.id = id
        self.role = role
        self.mode = mode
        secret = SecretBytes(Array(parts[1].utf8))
    }

    /// What is stored.
    public var digest: [UInt8] { secret.withUnsafeBytes { SHA256.hash(Array($0)) } }

    /// The text that the merchant is given, once.
    public var text: String {
        let digits = id.text.dropFirst("key_".count)
        return "\(role.prefix)_\(mode.rawValue)_\(digits)_"
            + secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}
