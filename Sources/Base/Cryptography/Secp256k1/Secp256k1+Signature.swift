import CSecp256k1

extension Secp256k1 {
    /// An ECDSA signature: two numbers from 1 to the group's order less one.
    ///
    /// S may be in either half; see ``HighS``.
    package struct Signature: Sendable {
        /// r and s, 32 bytes each, big-endian.
        package let compact: [UInt8]
        /// The library's form.
        let native: secp256k1_ecdsa_signature

        /// The signature whose r and s are these 64 bytes.
        ///
        /// - Throws: ``CryptographyError/invalidSignature(_:)`` when there are not 64 bytes, or r or s is zero or not
        ///   below the group's order.
        package init(compact: [UInt8]) throws(CryptographyError) {
            guard compact.count == signatureLength else {
                throw .invalidSignature("an ECDSA signature has \(signatureLength) bytes")
            }
            var native = secp256k1_ecdsa_signature()
            let parsed = unsafe Secp256k1Context.withPointer {
                unsafe secp256k1_ecdsa_signature_parse_compact($0, &native, compact) == 1
            }
            guard parsed else { throw .invalidSignature("r or s is not below the group's order") }
            guard !isZero(compact.prefix(32)), !isZero(compact.suffix(32)) else {
                throw .invalidSignature("r or s is zero")
            }
            self.compact = compact
            self.native = native
        }

        /// The signature in the DER of SEC 1, C.8, strictly: shortest lengths and numbers, nothing before or after.
        ///
        /// - Throws: ``CryptographyError/invalidSignature(_:)``.
        package init(der: [UInt8]) throws(CryptographyError) {
            var native = secp256k1_ecdsa_signature()
            let parsed = unsafe Secp256k1Context.withPointer {
                unsafe secp256k1_ecdsa_signature_parse_der($0, &native, der, der.count) == 1
            }
            guard parsed else { throw .invalidSignature("the ECDSA signature is not DER") }
            try self.init(compact: Self.compact(of: native))
            // The library reads a number that is too large as zero, and accepts some lengths that are not the shortest.
            // So only the form that it would write itself is accepted.
            guard self.der == der else { throw .invalidSignature("the ECDSA signature is not canonical DER") }
        }

        /// A signature that the library made.
        init(native: secp256k1_ecdsa_signature) {
            compact = Self.compact(of: native)
            self.native = native
        }

        /// The signature in DER, 70 to 72 bytes for nearly all.
        package var der: [UInt8] {
            var native = native
            // A sequence of two integers of at most 33 bytes: 2 + 2 · (2 + 33).
            var length = 72
            var bytes = [UInt8](repeating: 0, count: length)
            let written = unsafe Secp256k1Context.withPointer {
                unsafe secp256k1_ecdsa_signature_serialize_der($0, &bytes, &length, &native) == 1
            }
            return written ? Array(bytes.prefix(length)) : []
        }

        /// Whether S is at most half the group's order.
        package var hasLowS: Bool {
            var native = native
            return unsafe Secp256k1Context.withPointer {
                unsafe secp256k1_ecdsa_signature_normalize($0, nil, &native) == 0
            }
        }

        /// The twin of this signature that has a low S; itself when it has.
        package var normalised: Self {
            var native = native
            var low = secp256k1_ecdsa_signature()
            let changed = unsafe Secp256k1Context.withPointer {
                unsafe secp256k1_ecdsa_signature_normalize($0, &low, &native) == 1
            }
            return changed ? Self(native: low) : self
        }

        private static func compact(of native: secp256k1_ecdsa_signature) -> [UInt8] {
            var native = native
            let bytes = unsafe [UInt8].filled(count: signatureLength) { output in
                unsafe Secp256k1Context.withPointer {
                    unsafe secp256k1_ecdsa_signature_serialize_compact($0, output, &native) == 1
                }
            }
            // secp256k1.h: secp256k1_ecdsa_signature_serialize_compact returns 1 always.
            return bytes ?? []
        }
    }

    fileprivate static func isZero(_ number: ArraySlice<UInt8>) -> Bool { number.allSatisfy { $0 == 0 } }
}

extension Secp256k1.Signature: Hashable {
    /// Whether r and s are equal.
    package static func == (lhs: Self, rhs: Self) -> Bool { lhs.compact == rhs.compact }

    /// Hashes r and s.
    package func hash(into hasher: inout Hasher) { hasher.combine(compact) }
}
