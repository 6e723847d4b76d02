import CSecp256k1

extension Secp256k1 {
    /// A public key: a point of the curve other than infinity.
    package struct PublicKey: Sendable {
        /// The library's form of the point, checked to be on the curve.
        let point: secp256k1_pubkey

        init(point: secp256k1_pubkey) { self.point = point }

        /// The key in one of the two forms of SEC 1, 2.3.3: 33 bytes that begin with 02 or 03, or 65 that begin with
        /// 04.
        ///
        /// The hybrid form, 65 bytes that begin with 06 or 07, is refused, because it would be a third form of a key.
        /// - Throws: ``CryptographyError/invalidKey(_:)``, also when the bytes are no point of the curve.
        package init(_ bytes: [UInt8]) throws(CryptographyError) {
            let form =
                switch (bytes.count, bytes.first) {
                case (compressedKeyLength, 0x02?), (compressedKeyLength, 0x03?), (uncompressedKeyLength, 0x04?): true
                default: false
                }
            guard form else { throw .invalidKey("a secp256k1 public key has 33 bytes after 02 or 03, or 65 after 04") }
            var point = secp256k1_pubkey()
            let parsed = unsafe Secp256k1Context.withPointer {
                unsafe secp256k1_ec_pubkey_parse($0, &point, bytes, bytes.count) == 1
            }
            guard parsed else { throw .invalidKey("the bytes are not a point of secp256k1") }
            self.point = point
        }

        /// One coordinate and a sign: 33 bytes.
        package var compressed: [UInt8] {
            serialised(count: compressedKeyLength, flags: UInt32(SECP256K1_EC_COMPRESSED))
        }

        /// Both coordinates after 04: 65 bytes.
        package var uncompressed: [UInt8] {
            serialised(count: uncompressedKeyLength, flags: UInt32(SECP256K1_EC_UNCOMPRESSED))
        }

        /// The coordinate x alone, as BIP-340 uses it.
        package var xOnly: XOnlyPublicKey {
            get throws(CryptographyError) { try XOnlyPublicKey(Array(compressed.dropFirst())) }
        }

        /// Whether `signature` is an ECDSA signature of the 32-byte `digest` by this key.
        ///
        /// For a digest of another length, no signature is valid.
        package func isValid(
            _ signature: Signature,
            for digest: some ByteLending,
            highS: HighS = .refused
        ) -> Bool {
            // secp256k1_ecdsa_verify accepts only a low S, so that refusing needs no further check.
            var native = highS == .normalised ? signature.normalised.native : signature.native
            return unsafe digest.withUnsafeBytes { digest in
                guard digest.count == digestLength else { return false }
                return unsafe withUnsafePoint { point in
                    unsafe Secp256k1Context.withPointer {
                        unsafe secp256k1_ecdsa_verify($0, &native, digest.octets, point) == 1
                    }
                }
            }
        }

        /// The point of this key plus `tweak` times the generator, as BIP-32 derives public children.
        ///
        /// - Throws: ``CryptographyError/invalidKey(_:)`` when the tweak is not below the order, or the sum is
        ///   infinity.
        package func adding(tweak: SecretBytes) throws(CryptographyError) -> Self {
            guard tweak.count == privateKeyLength else { throw .invalidKey("a tweak has \(privateKeyLength) bytes") }
            var sum = point
            let valid = unsafe tweak.withUnsafeBytes { tweak in
                unsafe Secp256k1Context.withPointer {
                    unsafe secp256k1_ec_pubkey_tweak_add($0, &sum, tweak.octets) == 1
                }
            }
            guard valid else { throw .invalidKey("the tweak leads to no public key") }
            return Self(point: sum)
        }

        private func withUnsafePoint<Result>(_ body: (UnsafePointer<secp256k1_pubkey>) -> Result) -> Result {
            unsafe withUnsafePointer(to: point, body)
        }

        private func serialised(count: Int, flags: UInt32) -> [UInt8] {
            var length = count
            let bytes = unsafe [UInt8].filled(count: count) { output in
                unsafe withUnsafePoint { point in
                    unsafe Secp256k1Context.withPointer {
                        unsafe secp256k1_ec_pubkey_serialize($0, output, &length, point, flags) == 1
                    }
                }
            }
            // secp256k1.h: secp256k1_ec_pubkey_serialize returns 1 always.
            return bytes ?? []
        }
    }
}

extension Secp256k1.PublicKey: Hashable {
    /// Whether both keys are the same point.
    package static func == (lhs: Self, rhs: Self) -> Bool { lhs.compressed == rhs.compressed }

    /// Hashes the point.
    package func hash(into hasher: inout Hasher) { hasher.combine(compressed) }
}

extension Secp256k1.PublicKey: CustomStringConvertible {
    /// The compressed form as hex.
    package var description: String { Hex.encode(compressed) }
}

extension Secp256k1 {
    /// A public key of BIP-340: the coordinate x of a point whose y is even.
    package struct XOnlyPublicKey: Hashable, Sendable {
        /// The 32 bytes.
        package let bytes: [UInt8]

        /// The key with these 32 bytes.
        ///
        /// - Throws: ``CryptographyError/invalidKey(_:)`` when no point of the curve has this x.
        package init(_ bytes: [UInt8]) throws(CryptographyError) {
            guard bytes.count == 32 else { throw .invalidKey("a BIP-340 public key has 32 bytes") }
            self.bytes = bytes
            guard point != nil else { throw .invalidKey("no point of secp256k1 has this x") }
        }

        /// Whether `signature` is this key's BIP-340 signature of `message`; one that is not 64 bytes is not valid.
        package func isValid(signature: some ByteLending, for message: some ByteLending) -> Bool {
            guard var point = point else { return false }
            return unsafe signature.withUnsafeBytes { signature in
                guard signature.count == signatureLength else { return false }
                return unsafe message.withUnsafeBytes { message in
                    unsafe Secp256k1Context.withPointer { context in
                        unsafe secp256k1_schnorrsig_verify(
                            context,
                            signature.octets,
                            message.octets,
                            message.count,
                            &point
                        ) == 1
                    }
                }
            }
        }

        private var point: secp256k1_xonly_pubkey? {
            var point = secp256k1_xonly_pubkey()
            let parsed = unsafe Secp256k1Context.withPointer {
                unsafe secp256k1_xonly_pubkey_parse($0, &point, bytes) == 1
            }
            return parsed ? point : nil
        }
    }
}
