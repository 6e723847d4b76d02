/// Makes the cells of a bag: one pass forward finds where each lies, one pass back makes them, children first.
struct BagReader {
    private let bytes: [UInt8]
    private let header: BagHeader
    private var starts: [Int] = []

    init(bytes: [UInt8], header: BagHeader) {
        self.bytes = bytes
        self.header = header
    }

    mutating func cells() throws(TONError) -> [Cell] {
        try findStarts()
        var hasher = CellHasher()
        // From the last one to the first: references point forward, so that children are there before their parents.
        var reversed: [Cell] = []
        reversed.reserveCapacity(header.cellCount)
        for index in (0..<header.cellCount).reversed() { reversed.append(try cell(index, reversed, &hasher)) }
        reversed.reverse()
        return reversed
    }

    private mutating func findStarts() throws(TONError) {
        starts.reserveCapacity(header.cellCount)
        var position = header.cells.lowerBound
        for index in 0..<header.cellCount {
            starts.append(position)
            guard position + 2 <= header.cells.upperBound else { throw malformed("the cells end too early") }
            let prefix = CellPrefix(bytes[position], bytes[position + 1])
            guard prefix.referenceCount <= Cell.maximumReferences else {
                throw malformed("a cell is absent or has more than four references")
            }
            position += prefix.byteCount(referenceBytes: header.referenceBytes)
            guard position <= header.cells.upperBound else { throw malformed("the cells end too early") }
            if let start = header.index { try checkIndex(start, index, position) }
        }
        guard position == header.cells.upperBound else { throw malformed("something follows the cells") }
    }

    /// The index states where each cell ends; with cache bits the lowest bit is something else.
    private func checkIndex(_ start: Int, _ index: Int, _ end: Int) throws(TONError) {
        var stated: UInt64 = 0
        let at = start + index * header.offsetBytes
        for byte in bytes[at..<at + header.offsetBytes] { stated = stated << 8 | UInt64(byte) }
        if header.hasCacheBits { stated >>= 1 }
        guard stated == UInt64(end - header.cells.lowerBound) else { throw malformed("the index is wrong") }
    }

    private func cell(_ index: Int, _ reversed: [Cell], _ hasher: inout CellHasher) throws(TONError) -> Cell {
        let start = starts[index]
        let prefix = CellPrefix(bytes[start], bytes[start + 1])
        let offset = start + 2 + prefix.storedHashBytes
        let bitCount = try bitCount(prefix, at: offset)
        var references: (Cell?, Cell?, Cell?, Cell?) = (nil, nil, nil, nil)
        var position = offset + prefix.dataBytes
        for number in 0..<prefix.referenceCount {
            var target = 0
            for index in position..<position + header.referenceBytes { target = target << 8 | Int(bytes[index]) }
            position += header.referenceBytes
            guard target > index, target < header.cellCount else {
                throw malformed("a reference does not point forward")
            }
            let child = reversed[header.cellCount - 1 - target]
            switch number {
            case 0: references.0 = child
            case 1: references.1 = child
            case 2: references.2 = child
            default: references.3 = child
            }
        }
        let kind = prefix.isExotic ? try ExoticRules(bytes, offset, bitCount).kind() : .ordinary
        let summary = try hasher.summary(
            kind: kind,
            buffer: bytes,
            offset: offset,
            bitCount: bitCount,
            references: references,
            referenceCount: prefix.referenceCount
        )
        guard summary.levelMask.value == prefix.levelMask else { throw malformed("a cell's level is not what it says") }
        let cell = Cell(
            kind: kind,
            buffer: bytes,
            offset: offset,
            bitCount: bitCount,
            references: references,
            referenceCount: prefix.referenceCount,
            summary: summary
        )
        if prefix.hasStoredHashes { try check(cell, at: start + 2) }
        return cell
    }

    /// The number of bits: where they are no whole bytes, a one and zeros fill the last byte.
    private func bitCount(_ prefix: CellPrefix, at offset: Int) throws(TONError) -> Int {
        guard prefix.isPadded else { return prefix.dataBytes * 8 }
        let last = bytes[offset + prefix.dataBytes - 1]
        guard last != 0 else { throw malformed("a padded cell has no end mark") }
        return prefix.dataBytes * 8 - last.trailingZeroBitCount - 1
    }

    /// Hashes that are stored with a cell save time to those who trust them; here they have to be right.
    private func check(_ cell: Cell, at start: Int) throws(TONError) {
        let stored = cell.lower.map(\.hash) + [cell.hash]
        for (index, hash) in stored.enumerated() {
            let bytes = bytes[(start + 32 * index)..<(start + 32 * index + 32)]
            guard CellHash(unchecked: bytes) == hash else { throw malformed("a stored hash is wrong") }
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
