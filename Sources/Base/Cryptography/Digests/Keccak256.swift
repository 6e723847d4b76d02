/// Keccak-256 as Ethereum uses it: the Keccak team's submission with its own padding.
///
/// It is not SHA3-256 of FIPS 202, which has another padding and so other digests; OpenSSL 3.0 has only the latter.
package enum Keccak256 {
    /// The length of a digest in bytes.
    package static let digestLength = 32

    /// The bytes taken in between two permutations: 1600 bits less twice the digest.
    private static let rate = 136

    /// The digest of `bytes`.
    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        unsafe bytes.withUnsafeBytes { unsafe hash($0) }
    }

    /// The digest of `bytes`.
    @unsafe package static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: digestLength) { buffer, initialised in
            unsafe hash(bytes, into: UnsafeMutableRawBufferPointer(buffer))
            initialised = digestLength
        }
    }

    /// The digest of `bytes`.
    package static func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        if let digest = bytes.withContiguousStorageIfAvailable({ unsafe hash(UnsafeRawBufferPointer($0)) }) {
            return digest
        }
        return hash(Array(bytes))
    }

    /// Writes the digest of `bytes` into the first 32 bytes of `digest`.
    @unsafe package static func hash(_ bytes: UnsafeRawBufferPointer, into digest: UnsafeMutableRawBufferPointer) {
        precondition(digest.count >= digestLength, "a Keccak-256 digest takes 32 bytes")
        let lanes = KeccakPermutation.lanes
        unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * lanes) { memory in
            guard let state = memory.baseAddress else { return }
            unsafe state.initialize(repeating: 0, count: 2 * lanes)
            let scratch = unsafe state + lanes
            var rest = unsafe bytes
            while rest.count >= rate {
                unsafe absorb(UnsafeRawBufferPointer(rebasing: rest.prefix(rate)), into: state)
                unsafe KeccakPermutation.permute(state, scratch: scratch)
                unsafe rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(rate))
            }
            unsafe absorbLast(rest, into: state)
            unsafe KeccakPermutation.permute(state, scratch: scratch)
            for index in 0..<digestLength / 8 {
                unsafe digest.storeBytes(of: state[index].littleEndian, toByteOffset: 8 * index, as: UInt64.self)
            }
        }
    }

    /// Adds a block of whole lanes, little-endian, to the state.
    private static func absorb(_ block: UnsafeRawBufferPointer, into state: UnsafeMutablePointer<UInt64>) {
        for index in 0..<block.count / 8 {
            let lane = unsafe block.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)
            unsafe state[index] ^= UInt64(littleEndian: lane)
        }
    }

    /// Adds the rest, less than a block, and the padding: a one right after the text and a one at the block's end.
    private static func absorbLast(_ rest: UnsafeRawBufferPointer, into state: UnsafeMutablePointer<UInt64>) {
        unsafe absorb(rest, into: state)
        for offset in rest.count / 8 * 8..<rest.count {
            unsafe state[offset / 8] ^= UInt64(rest[offset]) &<< UInt64(offset % 8 * 8)
        }
        unsafe state[rest.count / 8] ^= 1 &<< UInt64(rest.count % 8 * 8)
        unsafe state[rate / 8 - 1] ^= 1 &<< 63
    }
}
