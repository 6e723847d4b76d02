import Cryptography

/// The bytes over which a cell's hash is computed (TON whitepaper, section 3.1.5), in memory that is reused for all
/// cells.
struct CellRepresentation: ~Copyable {
    /// Two descriptors, 128 bytes of data, and a depth and a hash for each of four references.
    private static let capacity = 2 + 128 + 4 * (2 + 32)

    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 8)
    private var count = 0

    deinit { memory.deallocate() }

    /// Begins a cell with its descriptors.
    mutating func begin(referenceCount: Int, isExotic: Bool, mask: UInt8, bitCount: Int) {
        memory[0] = UInt8(referenceCount) + (isExotic ? 8 : 0) + 32 * mask
        memory[1] = UInt8(bitCount / 8 + (bitCount + 7) / 8)
        count = 2
    }

    /// Appends bits of a buffer; a one and zeros fill an incomplete last byte.
    mutating func append(_ buffer: [UInt8], from offset: Int, bitCount: Int) {
        let length = (bitCount + 7) / 8
        precondition(offset + length <= buffer.count, "the bits lie within the buffer")
        let place = place(for: length)
        buffer.withUnsafeBytes { bytes in
            place.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length]))
        }
        let rest = bitCount % 8
        if rest != 0 { place[length - 1] = place[length - 1] & ~(0xFF >> rest) | 0x80 >> rest }
    }

    /// Appends the depth of a reference.
    mutating func append(depth: Int) {
        place(for: 2).storeBytes(of: UInt16(truncatingIfNeeded: depth).bigEndian, as: UInt16.self)
    }

    /// Appends a hash.
    mutating func append(_ hash: CellHash) {
        hash.store(in: place(for: 32))
    }

    /// The hash of the appended bytes.
    borrowing func hash(by digest: inout SHA256Hasher) -> CellHash {
        unsafe digest.hash(UnsafeRawBufferPointer(rebasing: memory[..<count]), into: memory)
        return CellHash(loading: UnsafeRawBufferPointer(memory))
    }

    private mutating func place(for length: Int) -> UnsafeMutableRawBufferPointer {
        precondition(count + length <= memory.count, "a cell has at most four references and 1023 bits")
        defer { count += length }
        return UnsafeMutableRawBufferPointer(rebasing: memory[count..<count + length])
    }
}
