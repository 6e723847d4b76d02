import Cryptography
package import Payments
package import Seams

/// An API key as its merchant has it: `sk_test_<identifier>_<secret>`; `rk` and `pk` for keys that may do less.
///
/// Only a digest of the secret part is stored. The secret has 256 random bits, so that a plain SHA-256 is enough.
package struct APIKeyText: Sendable {
    /// The key's identifier.
    package let id: APIKeyID
    let secret: SecretBytes
    private let mode: RESTAPI.Mode
    /// The role that the text's prefix states.
    let role: KeyAccess.Role

    /// A new key.
    package init(
        id: APIKeyID,
        role: KeyAccess.Role = .secret,
        mode: RESTAPI.Mode,
        random: some RandomSource
    ) {
        self.id = id
        self.role = role
        self.mode = mode
        secret = SecretBytes(Array(Hex.encode(random.bytes(32)).utf8))
    }

    /// How the value of an `Authorization` field begins, for each role.
    private static let openings = KeyAccess.Role.allCases.map { (role: $0, text: "Bearer \($0.prefix)") }

    /// Reads the value of an `Authorization` field; returns nil when it holds no key of this mode.
    init?(_ authorization: String, mode: RESTAPI.Mode) {
        guard authorization.utf8.count <= 256 else { return nil }
        // Bearer sk_test_<identifier>_<secret>
        let parts = authorization.utf8.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
        guard parts.count == 4, parts[1].elementsEqual(mode.rawValue.utf8), !parts[3].isEmpty,
            let role = Self.openings.first(where: { parts[0].elementsEqual($0.text.utf8) })?.role,
            let id = try? APIKeyID("key_\(Substring(parts[2]))")
        else { return nil }
        self.id = id
        self.role = role
        self.mode = mode
        secret = SecretBytes(Array(parts[3]))
    }

    /// The digest of the secret part, which is stored.
    package var digest: [UInt8] { secret.withUnsafeBytes { SHA256.hash(Array($0)) } }

    /// The text that the merchant is given, once.
    package var text: String {
        let digits = id.text.dropFirst("key_".count)
        return "\(role.prefix)_\(mode.rawValue)_\(digits)_"
            + secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}
