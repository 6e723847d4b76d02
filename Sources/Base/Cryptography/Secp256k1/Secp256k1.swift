/// The curve secp256k1 (SEC 2): ECDSA as Ethereum and Bitcoin use it, and Schnorr signatures of BIP-340.
package enum Secp256k1 {
    /// The length of a private key in bytes.
    package static let privateKeyLength = 32
    /// The length of a signed digest in bytes.
    package static let digestLength = 32
    /// The length of a compact signature (not DER) in bytes.
    package static let signatureLength = 64
    /// The length of a public key with one coordinate in bytes.
    package static let compressedKeyLength = 33
    /// The length of a public key with both coordinates in bytes.
    package static let uncompressedKeyLength = 65

    /// The handling of an ECDSA signature whose S is above half the group's order.
    ///
    /// When (r, s) is valid, so is (r, n − s). So anyone can change a signature, and with it the hash of the data that
    /// contains it. EIP-2 and BIP-62 therefore allow only the lower one.
    package enum HighS: Hashable, Sendable {
        /// The signature is not valid: for data from a chain.
        case refused
        /// The signature is checked by its low twin: for signers outside a chain that follow only SEC 1.
        case normalised
    }
}
