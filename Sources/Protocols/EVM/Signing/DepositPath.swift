package import Cryptography

/// The paths of addresses that are handed out, below the key that all of them are derived from.
package enum DepositPath {
    /// Two steps that are not hardened: 62 bits of a name's digest, so that there is no counter and no two names share
    /// an address.
    package static func steps(of name: String) -> KeyPath {
        let digest = SHA256.hash(Array("settlegate deposit address \(name)".utf8))
        let steps = [0, 4].map { start in
            digest[start..<(start + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & (KeyPath.hardened - 1)
        }
        return KeyPath(steps: steps)
    }
}
