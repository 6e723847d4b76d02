/// Builds a cell, bit by bit.
package struct CellBuilder: Sendable {
    private var bytes: [UInt8] = []
    /// How many bits are written.
    package private(set) var bitCount = 0
    /// The cells that are referred to.
    package private(set) var references: [Cell] = []

    /// An empty builder.
    package init() {}

    /// How many more bits fit.
    package var remainingBits: Int { Cell.maximumBits - bitCount }

    /// Writes one bit.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/overflow`` when it does not fit.
    package mutating func store(bit: Bool) throws(TONError) {
        try store(uint: bit ? 1 : 0 as UInt64, bits: 1)
    }

    /// Writes the lower `bits` bits of an integer, the most significant one first.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/overflow`` when the value needs more bits, or they do not fit.
    package mutating func store(uint value: some FixedWidthInteger & UnsignedInteger, bits: Int) throws(TONError) {
        guard bits >= 0, bits <= remainingBits else { throw TONError(.overflow, "a cell has \(Cell.maximumBits) bits") }
        let wide = UInt128(truncatingIfNeeded: value)
        guard UInt128(exactly: value) == wide, bits >= 128 || wide >> bits == 0 else {
            throw TONError(.overflow, "the integer does not fit \(bits) bits")
        }
        var remaining = bits
        while remaining > 0 {
            let free = 8 - bitCount % 8
            if free == 8 { bytes.append(0) }
            let count = min(free, remaining)
            let shift = remaining - count
            let chunk = shift >= 128 ? 0 : UInt8(truncatingIfNeeded: wide >> shift) & UInt8(0xFF >> (8 - count))
            bytes[bytes.count - 1] |= chunk << (free - count)
            bitCount += count
            remaining -= count
        }
    }

    /// Writes a signed integer in two's complement.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/overflow`` when it does not fit.
    package mutating func store(int value: Int64, bits: Int) throws(TONError) {
        guard bits >= 64 || (value >= -(Int64(1) << (bits - 1)) && value < Int64(1) << (bits - 1)) else {
            throw TONError(.overflow, "the integer does not fit \(bits) bits")
        }
        let pattern = UInt64(bitPattern: value)
        try store(uint: bits >= 64 ? pattern : pattern & (UInt64(1) << bits - 1), bits: bits)
    }

    /// Writes whole bytes.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/overflow`` when they do not fit.
    package mutating func store(bytes data: some Collection<UInt8>) throws(TONError) {
        guard data.count * 8 <= remainingBits else { throw TONError(.overflow, "a cell has \(Cell.maximumBits) bits") }
        if bitCount % 8 == 0 {
            bytes.append(contentsOf: data)
            bitCount += data.count * 8
        } else {
            for byte in data { try store(uint: byte, bits: 8) }
        }
    }

    /// Writes a hash.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/overflow`` when it does not fit.
    package mutating func store(_ hash: CellHash) throws(TONError) {
        try store(bytes: hash.bytes)
    }

    /// Writes the rest of a slice, bits and references.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/overflow`` when it does not fit.
    package mutating func store(_ slice: CellSlice) throws(TONError) {
        var rest = slice
        while rest.remainingBits > 0 {
            let count = min(64, rest.remainingBits)
            try store(uint: rest.loadUInt(count), bits: count)
        }
        while rest.remainingReferences > 0 { try store(reference: rest.loadReference()) }
    }

    /// Adds a reference.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/overflow`` when there are four already.
    package mutating func store(reference cell: Cell) throws(TONError) {
        guard references.count < Cell.maximumReferences else {
            throw TONError(.overflow, "a cell has \(Cell.maximumReferences) references")
        }
        references.append(cell)
    }

    /// Writes `Maybe ^Cell`: a bit, and the reference if there is one.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/overflow`` when it does not fit.
    package mutating func store(maybe cell: Cell?) throws(TONError) {
        try store(bit: cell != nil)
        if let cell { try store(reference: cell) }
    }

    /// Writes `VarUInteger 16`: the length in bytes in 4 bits, and the value; at most 2^120 - 1.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/overflow`` when it does not fit.
    package mutating func store(coins value: UInt128) throws(TONError) {
        let length = (128 - value.leadingZeroBitCount + 7) / 8
        guard length <= 15 else { throw TONError(.overflow, "coins have at most 120 bits") }
        try store(uint: UInt8(length), bits: 4)
        try store(uint: value, bits: length * 8)
    }

    /// Writes a standard address, or `addr_none`.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/overflow`` when it does not fit.
    package mutating func store(address: TONAddress?) throws(TONError) {
        guard let address else { return try store(uint: 0 as UInt8, bits: 2) }
        // addr_std$10 anycast:(Maybe Anycast) workchain_id:int8 address:bits256
        try store(uint: 0b100 as UInt8, bits: 3)
        try store(int: Int64(address.workchain), bits: 8)
        try store(address.hash)
    }

    /// Writes a text in "snake" form: as many bytes as fit, the rest in the first reference, and so on.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/tooLarge`` for more than ``CellSlice/maximumSnakeBytes``.
    package mutating func store(snake data: [UInt8]) throws(TONError) {
        guard data.count <= CellSlice.maximumSnakeBytes else { throw TONError(.tooLarge, "the text is too long") }
        let here = min(data.count, remainingBits / 8)
        var next: Cell?
        let perCell = Cell.maximumBits / 8
        var end = data.count
        while end > here {
            // Cells are built from the end to the beginning, so that each exists before the one that refers to it.
            let count = (end - here - 1) % perCell + 1
            var part = CellBuilder()
            try part.store(bytes: data[(end - count)..<end])
            if let next { try part.store(reference: next) }
            next = try part.build()
            end -= count
        }
        try store(bytes: data[..<here])
        if let next { try store(reference: next) }
    }

    /// The cell.
    ///
    /// - Throws: ``TONError`` when it would be too deep, or an exotic cell breaks the rules of its kind.
    package func build(exotic: Bool = false) throws(TONError) -> Cell {
        let kind = exotic ? try ExoticRules(bytes, 0, bitCount).kind() : .ordinary
        var hasher = CellHasher()
        let content = CellContent(kind: kind, buffer: bytes, offset: 0, bitCount: bitCount)
        let summary = try hasher.summary(of: content, children: references.map(\.summary))
        var record = CellRecord(
            kind: kind,
            referenceCount: references.count,
            levelMask: summary.levelMask,
            bitCount: bitCount,
            offset: 0
        )
        record.hash = summary.hash
        record.depth = UInt16(summary.depth)
        // The table has one cell, so that its references are numbered from one on.
        for number in references.indices { record[number] = 1 + number }
        let levels = summary.lower.isEmpty ? [:] : [0: summary.lower]
        return Cell(CellTable(bytes: bytes, records: [record], levels: levels, others: references), at: 0)
    }
}

extension Cell {
    /// The cell without bits and references.
    ///
    /// - Throws: in practice never, because building an empty cell cannot fail.
    package static func empty() throws(TONError) -> Cell { try CellBuilder().build() }

    /// A cell that `fill` writes.
    ///
    /// - Throws: what `fill` throws.
    package static func make(_ fill: (inout CellBuilder) throws(TONError) -> Void) throws(TONError) -> Cell {
        var builder = CellBuilder()
        try fill(&builder)
        return try builder.build()
    }
}
