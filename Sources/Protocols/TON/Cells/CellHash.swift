import Cryptography

/// A SHA-256 digest that identifies a cell, kept as four words so that it needs no memory of its own.
package struct CellHash: Hashable, Sendable, CustomStringConvertible {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The digest in 32 bytes.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/malformedStructure`` for another length.
    package init(_ bytes: some Collection<UInt8>) throws(TONError) {
        guard bytes.count == 32 else { throw TONError(.malformedStructure, "a hash has 32 bytes") }
        self.init(unchecked: bytes)
    }

    /// 32 zero bytes: the hash before an account's first chain transaction.
    package static let zero = Self()

    private init() {
        words = (0, 0, 0, 0)
    }

    init(unchecked bytes: some Collection<UInt8>) {
        var iterator = bytes.makeIterator()
        func word() -> UInt64 {
            var word: UInt64 = 0
            for _ in 0..<8 { word = word << 8 | UInt64(iterator.next() ?? 0) }
            return word
        }
        words = (word(), word(), word(), word())
    }

    /// The digest in the first 32 bytes of a buffer.
    init(loading bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count >= 32, "a hash has 32 bytes")
        func word(_ index: Int) -> UInt64 {
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
        }
        words = (word(0), word(1), word(2), word(3))
    }

    /// Writes the digest into the first 32 bytes of a buffer.
    func store(in bytes: UnsafeMutableRawBufferPointer) {
        precondition(bytes.count >= 32, "a hash has 32 bytes")
        bytes.storeBytes(of: words.0.bigEndian, toByteOffset: 0, as: UInt64.self)
        bytes.storeBytes(of: words.1.bigEndian, toByteOffset: 8, as: UInt64.self)
        bytes.storeBytes(of: words.2.bigEndian, toByteOffset: 16, as: UInt64.self)
        bytes.storeBytes(of: words.3.bigEndian, toByteOffset: 24, as: UInt64.self)
    }

    /// The digest with other first bits.
    func beginning(with bits: [Bool]) -> Self {
        var bytes = bytes
        for (index, bit) in bits.prefix(256).enumerated() {
            let mask = UInt8(0x80) >> UInt8(index % 8)
            bytes[index / 8] = bit ? bytes[index / 8] | mask : bytes[index / 8] & ~mask
        }
        return Self(unchecked: bytes)
    }

    /// The 32 bytes.
    package var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            store(in: UnsafeMutableRawBufferPointer(buffer))
            count = 32
        }
    }

    /// The digest in lower-case hex.
    package var description: String { Hex.encode(bytes) }

    /// Whether the digests are equal.
    package static func == (lhs: Self, rhs: Self) -> Bool { lhs.words == rhs.words }
    /// Hashes the first word; the digest is random already.
    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}
