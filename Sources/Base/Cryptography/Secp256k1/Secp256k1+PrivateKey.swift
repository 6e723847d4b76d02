import CSecp256k1
package import Seams

extension Secp256k1 {
    /// A private key: a number from 1 to the group's order less one, as 32 bytes, big-endian.
    package struct PrivateKey: Sendable {
        /// The 32 bytes.
        package let secret: SecretBytes
        /// The public key that belongs to it.
        package let publicKey: PublicKey
        /// The library's pair of both, which is needed to sign by BIP-340.
        private let pair: SecretBytes

        /// The key with these 32 bytes.
        ///
        /// - Throws: ``CryptographyError/invalidKey(_:)`` when there are not 32 bytes, or their number is zero or not
        ///   below the group's order.
        package init(_ secret: SecretBytes) throws(CryptographyError) {
            guard secret.count == privateKeyLength else {
                throw .invalidKey("a secp256k1 private key has \(privateKeyLength) bytes")
            }
            var valid = false
            pair = unsafe SecretBytes(count: MemoryLayout<secp256k1_keypair>.size) { pair in
                unsafe secret.withUnsafeBytes { secret in
                    unsafe Secp256k1Context.withPointer { context in
                        valid = unsafe secp256k1_keypair_create(context, pair.keypair, secret.octets) == 1
                    }
                }
            }
            guard valid else { throw .invalidKey("the secp256k1 private key is zero or not below the group's order") }
            var point = secp256k1_pubkey()
            let found = unsafe pair.withUnsafeBytes { pair in
                unsafe Secp256k1Context.withPointer { unsafe secp256k1_keypair_pub($0, &point, pair.keypair) == 1 }
            }
            guard found else { throw .libraryFailure("secp256k1_keypair_pub failed") }
            publicKey = PublicKey(point: point)
            self.secret = secret
        }

        /// The ECDSA signature of a 32-byte digest with the nonce of RFC 6979 and a low S.
        ///
        /// - Throws: ``CryptographyError/invalidParameter(_:)`` when the digest does not have 32 bytes.
        package func sign(digest: some ByteLending) throws(CryptographyError) -> Signature {
            try signRecoverable(digest: digest).signature
        }

        /// The same signature as from ``sign(digest:)``, with the number that selects the public key among the possible
        /// ones.
        ///
        /// - Throws: ``CryptographyError/invalidParameter(_:)`` when the digest does not have 32 bytes.
        package func signRecoverable(digest: some ByteLending) throws(CryptographyError) -> RecoverableSignature {
            var signature = secp256k1_ecdsa_recoverable_signature()
            let outcome: Bool? = unsafe digest.withUnsafeBytes { digest in
                guard digest.count == digestLength else { return nil }
                return unsafe secret.withUnsafeBytes { secret in
                    unsafe Secp256k1Context.withPointer { context in
                        unsafe secp256k1_ecdsa_sign_recoverable(
                            context,
                            &signature,
                            digest.octets,
                            secret.octets,
                            nil,
                            nil
                        ) == 1
                    }
                }
            }
            guard let outcome else { throw .invalidParameter("secp256k1 signs a digest of \(digestLength) bytes") }
            guard outcome else { throw .libraryFailure("secp256k1_ecdsa_sign_recoverable failed") }
            return try RecoverableSignature(native: signature)
        }

        /// The BIP-340 signature of `message`, 64 bytes.
        ///
        /// `auxiliary` is 32 random bytes that protect the nonce against side channels and faults.
        ///
        /// - Throws: ``CryptographyError/invalidParameter(_:)`` when `auxiliary` does not have 32 bytes.
        package func signSchnorr(
            _ message: some ByteLending,
            auxiliary: some ByteLending
        ) throws(CryptographyError) -> [UInt8] {
            var acceptable = true
            let signature = unsafe message.withUnsafeBytes { message in
                unsafe auxiliary.withUnsafeBytes { auxiliary -> [UInt8]? in
                    guard auxiliary.count == digestLength else {
                        acceptable = false
                        return nil
                    }
                    return unsafe schnorr(message, auxiliary: auxiliary)
                }
            }
            guard acceptable else { throw .invalidParameter("BIP-340 takes 32 auxiliary bytes") }
            guard let signature else { throw .libraryFailure("secp256k1_schnorrsig_sign_custom failed") }
            return signature
        }

        /// The BIP-340 signature of `message` with auxiliary bytes from `random`.
        ///
        /// - Throws: ``CryptographyError/libraryFailure(_:)``.
        package func signSchnorr(
            _ message: some ByteLending,
            random: some RandomSource
        ) throws(CryptographyError) -> [UInt8] {
            try signSchnorr(message, auxiliary: SecretBytes.random(count: digestLength, from: random))
        }

        /// The key whose number is this key's plus `tweak`, modulo the group's order, as BIP-32 derives children.
        ///
        /// - Throws: ``CryptographyError/invalidKey(_:)`` when the tweak is not below the order, or the sum is zero.
        package func adding(tweak: SecretBytes) throws(CryptographyError) -> Self {
            guard tweak.count == privateKeyLength else { throw .invalidKey("a tweak has \(privateKeyLength) bytes") }
            var valid = false
            let sum = unsafe SecretBytes(count: privateKeyLength) { sum in
                unsafe secret.withUnsafeBytes { unsafe sum.copyMemory(from: $0) }
                unsafe tweak.withUnsafeBytes { tweak in
                    unsafe Secp256k1Context.withPointer {
                        valid = unsafe secp256k1_ec_seckey_tweak_add($0, sum.octets, tweak.octets) == 1
                    }
                }
            }
            guard valid else { throw .invalidKey("the tweak leads to no private key") }
            return try Self(sum)
        }

        private func schnorr(_ message: UnsafeRawBufferPointer, auxiliary: UnsafeRawBufferPointer) -> [UInt8]? {
            // secp256k1_schnorrsig.h: SECP256K1_SCHNORRSIG_EXTRAPARAMS_MAGIC; without a function, the nonce is
            // BIP-340's.
            var parameters = unsafe secp256k1_schnorrsig_extraparams(
                magic: (0xDA, 0x6F, 0xB3, 0x8C),
                noncefp: nil,
                ndata: UnsafeMutablePointer(mutating: auxiliary.octets)
            )
            return unsafe pair.withUnsafeBytes { pair in
                unsafe [UInt8].filled(count: signatureLength) { output in
                    unsafe Secp256k1Context.withPointer { context in
                        unsafe secp256k1_schnorrsig_sign_custom(
                            context,
                            output,
                            message.octets,
                            message.count,
                            pair.keypair,
                            &parameters
                        ) == 1
                    }
                }
            }
        }
    }
}

extension Secp256k1.PrivateKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `‹redacted›`.
    package var description: String { "‹redacted›" }
    /// Always `‹redacted›`.
    package var debugDescription: String { "‹redacted›" }
    /// No children.
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection(), displayStyle: .struct) }
}

extension UnsafeMutableRawBufferPointer {
    /// The block as the library's pair of keys, whose size it has.
    fileprivate var keypair: UnsafeMutablePointer<secp256k1_keypair> {
        unsafe UnsafeMutableRawPointer(octets).assumingMemoryBound(to: secp256k1_keypair.self)
    }
}

extension UnsafeRawBufferPointer {
    /// The block as the library's pair of keys, whose size it has.
    fileprivate var keypair: UnsafePointer<secp256k1_keypair> {
        unsafe UnsafeRawPointer(octets).assumingMemoryBound(to: secp256k1_keypair.self)
    }
}
