import Cryptography

/// What follows from a cell's content: level mask, hashes and depths.
struct CellSummary {
    let hash: CellHash
    let depth: Int
    let levelMask: LevelMask
    let lower: [(hash: CellHash, depth: Int)]
}

/// Computes what follows from cells' content, with one digest context and one buffer for all of them.
struct CellHasher: ~Copyable {
    private var digest = SHA256Hasher()
    private var representation = CellRepresentation()

    /// The summary of a cell whose bits lie in `buffer` from `offset` on.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/malformedCell`` when an exotic cell breaks the rules of its kind, and
    ///   ``TONError/Code/tooLarge`` when the tree is too deep.
    mutating func summary(
        kind: Cell.Kind,
        buffer: [UInt8],
        offset: Int,
        bitCount: Int,
        references: (Cell?, Cell?, Cell?, Cell?),
        referenceCount: Int
    ) throws(TONError) -> CellSummary {
        let children = References(cells: references, count: referenceCount)
        guard kind == .ordinary, children.levelMask.value == 0 else {
            let content = ExoticContent(buffer: buffer, offset: offset, bitCount: bitCount, children: children)
            return try leveledSummary(kind, content)
        }
        let depth = referenceCount == 0 ? 0 : children.depth(at: 0) + 1
        guard depth <= Cell.maximumDepth else {
            throw TONError(.tooLarge, "the tree is deeper than \(Cell.maximumDepth) cells")
        }
        representation.begin(referenceCount: referenceCount, isExotic: false, mask: 0, bitCount: bitCount)
        representation.append(buffer, from: offset, bitCount: bitCount)
        children.append(at: 0, to: &representation)
        let hash = representation.hash(by: &digest)
        return CellSummary(hash: hash, depth: depth, levelMask: LevelMask(0), lower: [])
    }

    // MARK: - Levels

    private struct ExoticContent {
        let buffer: [UInt8]
        let offset: Int
        let bitCount: Int
        let children: References
    }

    private struct References {
        let cells: (Cell?, Cell?, Cell?, Cell?)
        let count: Int

        subscript(index: Int) -> Cell? {
            switch index {
            case 0: cells.0
            case 1: cells.1
            case 2: cells.2
            default: cells.3
            }
        }

        var levelMask: LevelMask {
            var value: UInt8 = 0
            for index in 0..<count { value |= self[index]?.levelMask.value ?? 0 }
            return LevelMask(value)
        }

        func depth(at level: Int) -> Int {
            var depth = 0
            for index in 0..<count { depth = max(depth, self[index]?.depth(at: level) ?? 0) }
            return depth
        }

        func append(at level: Int, to representation: inout CellRepresentation) {
            for index in 0..<count { representation.append(depth: self[index]?.depth(at: level) ?? 0) }
            for index in 0..<count { representation.append(self[index]?.hash(at: level) ?? .zero) }
        }
    }

    /// Cells with Merkle proofs around or pruned branches below them have a hash for each significant level.
    private mutating func leveledSummary(_ kind: Cell.Kind, _ content: ExoticContent) throws(TONError) -> CellSummary {
        let mask = try ExoticRules(content.buffer, content.offset, content.bitCount).levelMask(
            of: kind,
            children: (0..<content.children.count).compactMap { content.children[$0] }
        )
        var hashes: [(hash: CellHash, depth: Int)] = []
        if kind == .prunedBranch {
            hashes = prunedHashes(mask, content)
            hashes.append((own(kind, mask, content, previous: nil, level: mask.level), 0))
        } else {
            let shift = kind == .merkleProof || kind == .merkleUpdate ? 1 : 0
            for level in 0...mask.level where mask.isSignificant(level) {
                let count = content.children.count
                let depth = count == 0 ? 0 : content.children.depth(at: level + shift) + 1
                guard depth <= Cell.maximumDepth else { throw TONError(.tooLarge, "the tree is too deep") }
                let applied = mask.applying(level)
                let previous = hashes.last?.hash
                hashes.append((own(kind, applied, content, previous: previous, level: level + shift), depth))
            }
        }
        guard let top = hashes.popLast() else { throw TONError(.malformedCell, "the cell has no level") }
        return CellSummary(hash: top.hash, depth: top.depth, levelMask: mask, lower: hashes)
    }

    private func prunedHashes(_ mask: LevelMask, _ content: ExoticContent) -> [(hash: CellHash, depth: Int)] {
        let count = mask.hashIndex
        let start = content.offset + 2
        return (0..<count).map { index in
            let hash = content.buffer[(start + 32 * index)..<(start + 32 * index + 32)]
            let at = start + 32 * count + 2 * index
            return (CellHash(unchecked: hash), Int(content.buffer[at]) << 8 | Int(content.buffer[at + 1]))
        }
    }

    private mutating func own(
        _ kind: Cell.Kind,
        _ mask: LevelMask,
        _ content: ExoticContent,
        previous: CellHash?,
        level: Int
    ) -> CellHash {
        // The descriptor is that of the cell's own bits, also where the hash of the level below stands for them.
        representation.begin(
            referenceCount: content.children.count,
            isExotic: kind != .ordinary,
            mask: mask.value,
            bitCount: content.bitCount
        )
        if let previous {
            representation.append(previous)
        } else {
            representation.append(content.buffer, from: content.offset, bitCount: content.bitCount)
        }
        content.children.append(at: level, to: &representation)
        return representation.hash(by: &digest)
    }
}
