/// The rules that each kind of exotic cell has to follow (TON whitepaper, section 3.1.7; block.tlb).
struct ExoticRules {
    private let buffer: [UInt8]
    private let offset: Int
    private let bitCount: Int

    init(_ buffer: [UInt8], _ offset: Int, _ bitCount: Int) {
        self.buffer = buffer
        self.offset = offset
        self.bitCount = bitCount
    }

    /// The kind that an exotic cell's first byte names.
    func kind() throws(TONError) -> Cell.Kind {
        guard bitCount >= 8, let kind = Cell.Kind(rawValue: buffer[offset]), kind != .ordinary else {
            throw TONError(.malformedCell, "an exotic cell begins with its type, 1 to 4")
        }
        return kind
    }

    /// The level mask of a cell, after checking its content against its children.
    func levelMask(of kind: Cell.Kind, children: [CellSummary]) throws(TONError) -> LevelMask {
        let below = children.reduce(UInt8(0)) { $0 | $1.levelMask.value }
        switch kind {
        case .ordinary:
            return LevelMask(below)
        case .libraryReference:
            guard children.isEmpty, bitCount == 8 + 256 else {
                throw TONError(.malformedCell, "a library reference has a hash and no references")
            }
            return LevelMask(0)
        case .prunedBranch:
            guard children.isEmpty, bitCount >= 16, (1...7).contains(buffer[offset + 1]) else {
                throw TONError(.malformedCell, "a pruned branch has a level mask of 1 to 7 and no references")
            }
            let mask = LevelMask(buffer[offset + 1])
            guard bitCount == 16 + mask.hashIndex * (256 + 16) else {
                throw TONError(.malformedCell, "a pruned branch has a hash and a depth for each level")
            }
            return mask
        case .merkleProof:
            guard children.count == 1, bitCount == 8 + 256 + 16 else {
                throw TONError(.malformedCell, "a Merkle proof has a hash, a depth and one reference")
            }
            try check(children[0], hashAt: offset + 1, depthAt: offset + 33)
            return LevelMask(below >> 1)
        case .merkleUpdate:
            guard children.count == 2, bitCount == 8 + 2 * (256 + 16) else {
                throw TONError(.malformedCell, "a Merkle update has two hashes, two depths and two references")
            }
            try check(children[0], hashAt: offset + 1, depthAt: offset + 65)
            try check(children[1], hashAt: offset + 33, depthAt: offset + 67)
            return LevelMask(below >> 1)
        }
    }

    private func check(_ child: CellSummary, hashAt: Int, depthAt: Int) throws(TONError) {
        let stated = CellHash(unchecked: buffer[hashAt..<hashAt + 32])
        let depth = Int(buffer[depthAt]) << 8 | Int(buffer[depthAt + 1])
        guard child.hash(at: 0) == stated, child.depth(at: 0) == depth else {
            throw TONError(.invalidProof, "the Merkle cell's hash is not that of its content")
        }
    }
}
