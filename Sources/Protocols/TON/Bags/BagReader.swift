/// Makes the cells of a bag: a pass forward finds them, and a pass backward hashes them, children first.
struct BagReader: ~Copyable {
    private let bytes: [UInt8]
    private let header: BagHeader
    private var records: [CellRecord] = []
    private var levels: [Int: [CellLevel]] = [:]
    /// The starts of the cells with stored hashes.
    private var withStoredHashes: [(index: Int, start: Int)] = []

    init(bytes: [UInt8], header: BagHeader) {
        self.bytes = bytes
        self.header = header
    }

    /// The cells in the order of the bag.
    ///
    /// - Throws: ``TONError``.
    consuming func cells() throws(TONError) -> CellTable {
        try findCells()
        var hasher = CellHasher()
        // Backwards, because references point forward, so that children are hashed before their parents.
        for index in records.indices.reversed() { try hash(index, &hasher) }
        let table = CellTable(bytes: bytes, records: records, levels: levels)
        for (index, start) in withStoredHashes { try check(Cell(table, at: index).summary, at: start) }
        return table
    }

    // MARK: - Finding

    private mutating func findCells() throws(TONError) {
        records.reserveCapacity(header.cellCount)
        var position = header.cells.lowerBound
        let end = header.cells.upperBound
        for index in 0..<header.cellCount {
            guard position + 2 <= end else { throw malformed("the cells end too early") }
            let prefix = CellPrefix(bytes[position], bytes[position + 1])
            guard prefix.referenceCount <= Cell.maximumReferences else {
                throw malformed("a cell is absent or has more than four references")
            }
            let next = position + prefix.byteCount(referenceBytes: header.referenceBytes)
            guard next <= end else { throw malformed("the cells end too early") }
            if prefix.hasStoredHashes { withStoredHashes.append((index, position + 2)) }
            records.append(try record(index, prefix, at: position + 2 + prefix.storedHashBytes))
            position = next
        }
        guard position == end else { throw malformed("something follows the cells") }
    }

    private func record(_ index: Int, _ prefix: CellPrefix, at offset: Int) throws(TONError) -> CellRecord {
        let bitCount = try bitCount(prefix, at: offset)
        var record = CellRecord(
            kind: prefix.isExotic ? try ExoticRules(bytes, offset, bitCount).kind() : .ordinary,
            referenceCount: prefix.referenceCount,
            levelMask: LevelMask(prefix.levelMask),
            bitCount: bitCount,
            offset: offset
        )
        var position = offset + prefix.dataBytes
        for number in 0..<prefix.referenceCount {
            var target = 0
            for place in position..<position + header.referenceBytes { target = target << 8 | Int(bytes[place]) }
            position += header.referenceBytes
            guard target > index, target < header.cellCount else {
                throw malformed("a reference does not point forward")
            }
            record[number] = target
        }
        return record
    }

    /// The number of bits; a one and zeros fill an incomplete last byte.
    private func bitCount(_ prefix: CellPrefix, at offset: Int) throws(TONError) -> Int {
        guard prefix.isPadded else { return prefix.dataBytes * 8 }
        let last = bytes[offset + prefix.dataBytes - 1]
        guard last != 0 else { throw malformed("a padded cell has no end mark") }
        return prefix.dataBytes * 8 - last.trailingZeroBitCount - 1
    }

    // MARK: - Hashing

    private mutating func hash(_ index: Int, _ hasher: inout CellHasher) throws(TONError) {
        let record = records[index]
        var below = record.levelMask.value
        for number in 0..<Int(record.referenceCount) { below |= records[record[number]].levelMask.value }
        guard record.kind == .ordinary, below == 0 else { return try hashWithLevels(index, &hasher) }
        let (hash, depth) = try hasher.ordinary(record, bytes: bytes, records: records)
        records[index].hash = hash
        records[index].depth = depth
    }

    private mutating func hashWithLevels(_ index: Int, _ hasher: inout CellHasher) throws(TONError) {
        let record = records[index]
        let content = CellContent(
            kind: record.kind,
            buffer: bytes,
            offset: Int(record.offset),
            bitCount: Int(record.bitCount)
        )
        let children = (0..<Int(record.referenceCount)).map { number in
            let (target, child) = (record[number], records[record[number]])
            return CellSummary(
                hash: child.hash,
                depth: Int(child.depth),
                levelMask: child.levelMask,
                lower: levels[target] ?? []
            )
        }
        let summary = try hasher.summary(of: content, children: children)
        guard summary.levelMask == record.levelMask else { throw malformed("a cell's level mask is wrong") }
        records[index].hash = summary.hash
        records[index].depth = UInt16(summary.depth)
        if !summary.lower.isEmpty { levels[index] = summary.lower }
    }

    /// Checks the hashes that are stored with a cell, which save time only for readers who trust them.
    private func check(_ summary: CellSummary, at start: Int) throws(TONError) {
        let hashes = summary.lower.map(\.hash) + [summary.hash]
        for (index, hash) in hashes.enumerated() {
            let stored = bytes[(start + 32 * index)..<(start + 32 * index + 32)]
            guard CellHash(unchecked: stored) == hash else { throw malformed("a stored hash is wrong") }
        }
    }

    private func malformed(_ reason: String) -> TONError { TONError(.malformedBag, reason) }
}

/// The two bytes before a cell: `d1 = references + 8 exotic + 16 hashes + 32 level mask`, `d2` the length of its data.
struct CellPrefix {
    let referenceCount: Int
    let isExotic: Bool
    let hasStoredHashes: Bool
    let levelMask: UInt8
    let dataBytes: Int
    let isPadded: Bool

    init(_ first: UInt8, _ second: UInt8) {
        referenceCount = Int(first & 7)
        isExotic = first & 8 != 0
        hasStoredHashes = first & 16 != 0
        levelMask = first >> 5
        dataBytes = Int(second >> 1) + Int(second & 1)
        isPadded = second & 1 != 0
    }

    var storedHashBytes: Int {
        hasStoredHashes ? (32 + 2) * LevelMask(levelMask).hashCount : 0
    }

    func byteCount(referenceBytes: Int) -> Int {
        2 + storedHashBytes + dataBytes + referenceCount * referenceBytes
    }
}
