/// The levels of Merkle proofs at which a cell has a hash of its own (TON whitepaper, section 3.1.7).
struct LevelMask: Hashable, Sendable {
    /// One bit for each of the levels 1 to 3.
    let value: UInt8

    init(_ value: UInt8) {
        self.value = value
    }

    /// The highest level.
    var level: Int { 8 - value.leadingZeroBitCount }
    /// The number of hashes below the highest level.
    var hashIndex: Int { value.nonzeroBitCount }
    /// The number of different hashes.
    var hashCount: Int { hashIndex + 1 }

    /// The mask of the levels up to `level`.
    func applying(_ level: Int) -> Self { Self(value & (UInt8(1) << level &- 1)) }

    /// Whether `level` has a hash of its own.
    func isSignificant(_ level: Int) -> Bool { level == 0 || value >> (level - 1) & 1 == 1 }
}
