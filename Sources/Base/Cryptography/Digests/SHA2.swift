/// SHA-256 (FIPS 180-4).
package enum SHA256 {
    /// The length of a digest in bytes.
    package static let digestLength = 32

    /// The digest of `bytes`.
    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        unsafe bytes.withUnsafeBytes { unsafe hash($0) }
    }

    /// The digest of `bytes`.
    @unsafe package static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        unsafe MessageDigest.sha256.hash(bytes, length: digestLength)
    }

    /// The digest of `bytes`.
    package static func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        if let digest = bytes.withContiguousStorageIfAvailable({ unsafe hash(UnsafeRawBufferPointer($0)) }) {
            return digest
        }
        return hash(Array(bytes))
    }
}

/// SHA-512 (FIPS 180-4).
package enum SHA512 {
    /// The length of a digest in bytes.
    package static let digestLength = 64

    /// The digest of `bytes`.
    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        unsafe bytes.withUnsafeBytes { unsafe hash($0) }
    }

    /// The digest of `bytes`.
    @unsafe package static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        unsafe MessageDigest.sha512.hash(bytes, length: digestLength)
    }

    /// The digest of `bytes`.
    package static func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        if let digest = bytes.withContiguousStorageIfAvailable({ unsafe hash(UnsafeRawBufferPointer($0)) }) {
            return digest
        }
        return hash(Array(bytes))
    }
}
