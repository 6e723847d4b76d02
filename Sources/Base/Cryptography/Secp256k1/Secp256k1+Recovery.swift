import CSecp256k1

extension Secp256k1 {
    /// An ECDSA signature with the number that selects its public key.
    ///
    /// Recovery is not verification, because every signature leads to some key. The caller has to check that the key is
    /// the expected one.
    package struct RecoverableSignature: Sendable {
        /// The signature itself.
        package let signature: Signature
        /// 0 to 3: bit 0 is whether the nonce's point has an odd y, bit 1 whether its x was above the group's order.
        package let recoveryID: UInt8
        private let native: secp256k1_ecdsa_recoverable_signature

        /// The signature with the number that came with it: `yParity` of typed transactions, `v` less its offset of
        /// the older ones.
        ///
        /// - Throws: ``CryptographyError/invalidSignature(_:)`` when `recoveryID` is above 3.
        package init(_ signature: Signature, recoveryID: UInt8) throws(CryptographyError) {
            // Checked here, because the library ends the process on a number outside this range.
            guard recoveryID <= 3 else { throw .invalidSignature("a recovery number is 0 to 3") }
            var native = secp256k1_ecdsa_recoverable_signature()
            let parsed = unsafe Secp256k1Context.withPointer {
                unsafe secp256k1_ecdsa_recoverable_signature_parse_compact(
                    $0,
                    &native,
                    signature.compact,
                    Int32(recoveryID)
                ) == 1
            }
            guard parsed else { throw .invalidSignature("r or s is not below the group's order") }
            self.signature = signature
            self.recoveryID = recoveryID
            self.native = native
        }

        /// A signature that the library made.
        init(native: secp256k1_ecdsa_recoverable_signature) throws(CryptographyError) {
            var native = native
            var plain = secp256k1_ecdsa_signature()
            var number: Int32 = -1
            var compact = [UInt8](repeating: 0, count: signatureLength)
            let converted = unsafe Secp256k1Context.withPointer {
                unsafe secp256k1_ecdsa_recoverable_signature_convert($0, &plain, &native) == 1
                    && secp256k1_ecdsa_recoverable_signature_serialize_compact($0, &compact, &number, &native) == 1
            }
            guard converted, let recoveryID = UInt8(exactly: number) else {
                throw .libraryFailure("secp256k1_ecdsa_recoverable_signature_convert failed")
            }
            signature = Signature(native: plain)
            self.recoveryID = recoveryID
            self.native = native
        }

        /// The public key under which this is a signature of the 32-byte `digest`.
        ///
        /// - Throws: ``CryptographyError/invalidSignature(_:)`` when there is none, or when S is high and `highS` is
        ///   ``HighS/refused``; ``CryptographyError/invalidParameter(_:)`` when the digest does not have 32 bytes.
        package func publicKey(
            digest: some ByteLending,
            highS: HighS = .refused
        ) throws(CryptographyError) -> PublicKey {
            guard highS == .normalised || signature.hasLowS else { throw .invalidSignature("S is in the upper half") }
            var native = native
            var point = secp256k1_pubkey()
            let outcome: Bool? = unsafe digest.withUnsafeBytes { digest in
                guard digest.count == digestLength else { return nil }
                return unsafe Secp256k1Context.withPointer {
                    unsafe secp256k1_ecdsa_recover($0, &point, &native, digest.octets) == 1
                }
            }
            guard let outcome else { throw .invalidParameter("secp256k1 signs a digest of \(digestLength) bytes") }
            guard outcome else { throw .invalidSignature("no public key belongs to the signature") }
            return PublicKey(point: point)
        }
    }
}

extension Secp256k1.RecoverableSignature: Hashable {
    /// Whether the signatures and their numbers are equal.
    package static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.signature == rhs.signature && lhs.recoveryID == rhs.recoveryID
    }

    /// Hashes signature and number.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(signature)
        hasher.combine(recoveryID)
    }
}
