/// The curve secp256k1 (SEC 2): ECDSA as Ethereum and Bitcoin use it, and Schnorr signatures of BIP-340.
package enum Secp256k1 {
    /// The length of a private key in bytes.
    package static let privateKeyLength = 32
    /// The length of the digest that is signed in bytes.
    package static let digestLength = 32
    /// The length of a signature that is not DER in bytes.
    package static let signatureLength = 64
    /// The length of a public key with one coordinate in bytes.
    package static let compressedKeyLength = 33
    /// The length of a public key with both coordinates in bytes.
    package static let uncompressedKeyLength = 65

    /// What to make of an ECDSA signature whose S is above half the group's order.
    ///
    /// With (r, s) the pair (r, n − s) is valid too, so that anyone can change a signature, and with it the hash of
    /// what contains it. EIP-2 and BIP-62 therefore allow the lower one only.
    package enum HighS: Hashable, Sendable {
        /// Such a signature is not valid: for whatever comes from a chain.
        case refused
        /// Such a signature is judged by its low twin: for signers outside a chain that follow SEC 1 alone.
        case normalised
    }
}
