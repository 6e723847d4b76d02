import Cryptography

/// A SHA-256 digest that identifies a cell, kept as four words so that it needs no memory of its own.
public struct CellHash: Hashable, Sendable, CustomStringConvertible {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The digest in 32 bytes.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/malformedStructure`` for another length.
    public init(_ bytes: some Collection<UInt8>) throws(TONError) {
        guard bytes.count == 32 else { throw TONError(.malformedStructure, "a hash has 32 bytes") }
        self.init(unchecked: bytes)
    }

    /// 32 zero bytes: the hash before an account's first chain transaction.
    public static let zero = Self(unchecked: [UInt8](repeating: 0, count: 32))

    init(unchecked bytes: some Collection<UInt8>) {
        var iterator = bytes.makeIterator()
        func word() -> UInt64 {
            var word: UInt64 = 0
            for _ in 0..<8 { word = word << 8 | UInt64(iterator.next() ?? 0) }
            return word
        }
        words = (word(), word(), word(), word())
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        append(to: &bytes)
        return bytes
    }

    func append(to bytes: inout [UInt8]) {
        for word in [words.0, words.1, words.2, words.3] {
            withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) }
        }
    }

    /// The digest in lower-case hex.
    public var description: String { Hex.encode(bytes) }

    /// Whether the digests are equal.
    public static func == (lhs: Self, rhs: Self) -> Bool { lhs.words == rhs.words }
    /// Hashes the first word; the digest is random already.
    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}
