import Cryptography

/// The hash and the depth of a cell at one of its levels.
struct CellLevel: Sendable {
    let hash: CellHash
    let depth: Int
}

/// The values derived from a cell's content: level mask, hashes and depths.
struct CellSummary: Sendable {
    let hash: CellHash
    let depth: Int
    let levelMask: LevelMask
    /// The hashes and depths below the highest level; empty for almost every cell.
    let lower: [CellLevel]

    func hash(at level: Int) -> CellHash { lowerLevel(at: level)?.hash ?? hash }

    func depth(at level: Int) -> Int { lowerLevel(at: level)?.depth ?? depth }

    private func lowerLevel(at level: Int) -> CellLevel? {
        let index = levelMask.applying(level).hashIndex
        return index < lower.count ? lower[index] : nil
    }
}

/// The bits of a cell, which lie in `buffer` from `offset` on.
struct CellContent {
    let kind: Cell.Kind
    let buffer: [UInt8]
    let offset: Int
    let bitCount: Int
}

/// Computes the summaries of cells, with one digest context and one buffer for all of them.
struct CellHasher: ~Copyable {
    private var digest = SHA256Hasher()
    private var representation = CellRepresentation()

    /// The hash and the depth of an ordinary cell of a table without levels, when those of its children are known.
    ///
    /// This is the case for almost every cell of a bag, and needs no allocation.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/tooLarge`` when the tree is too deep.
    mutating func ordinary(
        _ record: CellRecord,
        bytes: [UInt8],
        records: [CellRecord]
    ) throws(TONError) -> (hash: CellHash, depth: UInt16) {
        let count = Int(record.referenceCount)
        representation.begin(referenceCount: count, isExotic: false, mask: 0, bitCount: Int(record.bitCount))
        representation.append(bytes, from: Int(record.offset), bitCount: Int(record.bitCount))
        var depth: UInt16 = 0
        for number in 0..<count {
            let below = records[record[number]].depth
            depth = max(depth, below + 1)
            representation.append(depth: Int(below))
        }
        guard depth <= Cell.maximumDepth else { throw Self.tooDeep }
        for number in 0..<count { representation.append(records[record[number]].hash) }
        return (representation.hash(by: &digest), depth)
    }

    /// The summary of a cell from its content and its children.
    ///
    /// Cells inside Merkle proofs or above pruned branches have a hash for each significant level.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/malformedCell`` when an exotic cell breaks the rules of its kind,
    ///   and ``TONError/Code/tooLarge`` when the tree is too deep.
    mutating func summary(of content: CellContent, children: [CellSummary]) throws(TONError) -> CellSummary {
        let kind = content.kind
        let rules = ExoticRules(content.buffer, content.offset, content.bitCount)
        let mask = try rules.levelMask(of: kind, children: children)
        var levels: [CellLevel] = []
        if kind == .prunedBranch {
            levels = stated(mask, content)
            levels.append(CellLevel(hash: own(mask, content, children, previous: nil, level: mask.level), depth: 0))
        } else {
            let shift = kind == .merkleProof || kind == .merkleUpdate ? 1 : 0
            for level in 0...mask.level where mask.isSignificant(level) {
                let depth = children.reduce(0) { max($0, $1.depth(at: level + shift) + 1) }
                guard depth <= Cell.maximumDepth else { throw Self.tooDeep }
                let previous = levels.last?.hash
                let hash = own(mask.applying(level), content, children, previous: previous, level: level + shift)
                levels.append(CellLevel(hash: hash, depth: depth))
            }
        }
        guard let top = levels.popLast() else { throw TONError(.malformedCell, "the cell has no level") }
        return CellSummary(hash: top.hash, depth: top.depth, levelMask: mask, lower: levels)
    }

    private static var tooDeep: TONError {
        TONError(.tooLarge, "the tree is deeper than \(Cell.maximumDepth) cells")
    }

    /// The hashes and depths that a pruned branch states for the omitted tree.
    private func stated(_ mask: LevelMask, _ content: CellContent) -> [CellLevel] {
        let count = mask.hashIndex
        let start = content.offset + 2
        return (0..<count).map { index in
            let hash = content.buffer[(start + 32 * index)..<(start + 32 * index + 32)]
            let at = start + 32 * count + 2 * index
            let depth = Int(content.buffer[at]) << 8 | Int(content.buffer[at + 1])
            return CellLevel(hash: CellHash(unchecked: hash), depth: depth)
        }
    }

    private mutating func own(
        _ mask: LevelMask,
        _ content: CellContent,
        _ children: [CellSummary],
        previous: CellHash?,
        level: Int
    ) -> CellHash {
        // The descriptor is that of the cell's own bits, even where the hash of the level below replaces them.
        representation.begin(
            referenceCount: children.count,
            isExotic: content.kind != .ordinary,
            mask: mask.value,
            bitCount: content.bitCount
        )
        if let previous {
            representation.append(previous)
        } else {
            representation.append(content.buffer, from: content.offset, bitCount: content.bitCount)
        }
        for child in children { representation.append(depth: child.depth(at: level)) }
        for child in children { representation.append(child.hash(at: level)) }
        return representation.hash(by: &digest)
    }
}
