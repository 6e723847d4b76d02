/// Reads a cell from its start; each read consumes bits or references.
package struct CellSlice: Sendable {
    /// The most bytes of a text or a byte string over several cells.
    package static let maximumSnakeBytes = 16_384

    private let cell: Cell
    private var position = 0
    private var referencePosition = 0

    init(_ cell: Cell) {
        self.cell = cell
    }

    /// How many bits are left.
    package var remainingBits: Int { cell.bitCount - position }
    /// How many references are left.
    package var remainingReferences: Int { cell.referenceCount - referencePosition }
    /// Whether nothing is left.
    package var isEmpty: Bool { remainingBits == 0 && remainingReferences == 0 }

    /// Reads one bit.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/underflow``.
    package mutating func loadBit() throws(TONError) -> Bool {
        try loadUInt(1) == 1
    }

    /// Reads an unsigned integer of up to 64 bits.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/underflow``.
    package mutating func loadUInt(_ bits: Int) throws(TONError) -> UInt64 {
        UInt64(truncatingIfNeeded: try loadUInt128(min(bits, 64)))
    }

    /// Reads an unsigned integer of up to 128 bits.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/underflow``.
    package mutating func loadUInt128(_ bits: Int) throws(TONError) -> UInt128 {
        guard bits >= 0, bits <= 128, bits <= remainingBits else { throw underflow }
        var value: UInt128 = 0
        var remaining = bits
        let (buffer, offset) = (cell.buffer, cell.offset)
        while remaining > 0 {
            let inByte = position % 8
            let count = min(8 - inByte, remaining)
            let byte = buffer[offset + position / 8]
            let chunk = (byte << inByte) >> (8 - count)
            value = value << count | UInt128(chunk)
            position += count
            remaining -= count
        }
        return value
    }

    /// Reads a signed integer of up to 64 bits in two's complement.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/underflow``.
    package mutating func loadInt(_ bits: Int) throws(TONError) -> Int64 {
        let pattern = try loadUInt(bits)
        guard bits > 0, bits < 64, pattern >> (bits - 1) == 1 else { return Int64(bitPattern: pattern) }
        return Int64(bitPattern: pattern | ~(UInt64(1) << bits - 1))
    }

    /// Reads whole bytes.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/underflow``.
    package mutating func loadBytes(_ count: Int) throws(TONError) -> [UInt8] {
        guard count >= 0, count <= remainingBits / 8 else { throw underflow }
        if position % 8 == 0 {
            let start = cell.offset + position / 8
            position += count * 8
            return Array(cell.buffer[start..<start + count])
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for _ in 0..<count { bytes.append(UInt8(try loadUInt(8))) }
        return bytes
    }

    /// Reads a hash.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/underflow``.
    package mutating func loadHash() throws(TONError) -> CellHash {
        try CellHash(loadBytes(32))
    }

    /// Skips bits.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/underflow``.
    package mutating func skip(_ bits: Int) throws(TONError) {
        guard bits >= 0, bits <= remainingBits else { throw underflow }
        position += bits
    }

    /// Reads a reference.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/underflow``.
    package mutating func loadReference() throws(TONError) -> Cell {
        guard remainingReferences > 0 else { throw underflow }
        let cell = try cell.reference(referencePosition)
        referencePosition += 1
        return cell
    }

    /// Reads `Maybe ^Cell`.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/underflow``.
    package mutating func loadMaybeReference() throws(TONError) -> Cell? {
        try loadBit() ? loadReference() : nil
    }

    /// Reads `VarUInteger 16`; an encoding with leading zeros is accepted, because chains contain some.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/underflow``.
    package mutating func loadCoins() throws(TONError) -> UInt128 {
        let length = Int(try loadUInt(4))
        return try loadUInt128(length * 8)
    }

    /// Reads a standard address, or nil for `addr_none`; external and variable addresses are refused.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/malformedAddress`` or ``TONError/Code/underflow``.
    package mutating func loadAddress() throws(TONError) -> TONAddress? {
        switch try loadUInt(2) {
        case 0b00: return nil
        case 0b10:
            guard try !loadBit() else { throw TONError(.malformedAddress, "addresses with anycast are not supported") }
            let workchain = try loadInt(8)
            return try TONAddress(workchain: Int(workchain), hash: loadHash())
        default: throw TONError(.malformedAddress, "the address is external or of variable length")
        }
    }

    /// Reads any address that a chain accepts, and returns its account; nil for `addr_none`, an external address, or a
    /// form that no account has today.
    ///
    /// With anycast (TL-B `anycast_info`, at most 30 bits), the first bits are replaced by the rewriting prefix.
    ///
    /// - Throws: ``TONError`` when the bits are not an address.
    package mutating func loadAccepted() throws(TONError) -> TONAddress? {
        let kind = try loadUInt(2)
        if kind == 0b00 { return nil }
        if kind == 0b01 {
            try skip(Int(loadUInt(9)))
            return nil
        }
        let prefix = try loadAnycast()
        let length = kind == 0b11 ? Int(try loadUInt(9)) : 256
        let workchain = Int(try loadInt(kind == 0b11 ? 32 : 8))
        guard length == 256, Int8(exactly: workchain) != nil else {
            try skip(length)
            return nil
        }
        let hash = try loadHash()
        return try TONAddress(workchain: workchain, hash: prefix.map { hash.beginning(with: $0) } ?? hash)
    }

    /// The bits of an anycast prefix, the first one first.
    private mutating func loadAnycast() throws(TONError) -> [Bool]? {
        guard try loadBit() else { return nil }
        let depth = Int(try loadUInt(5))
        guard (1...30).contains(depth) else {
            throw TONError(.malformedAddress, "an anycast prefix has 1 to 30 bits")
        }
        var bits: [Bool] = []
        for _ in 0..<depth { bits.append(try loadBit()) }
        return bits
    }

    /// Skips an external address, or none: `addr_none$00`, `addr_extern$01 len:9 bits`.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/malformedAddress`` or ``TONError/Code/underflow``.
    package mutating func skipExternalAddress() throws(TONError) {
        switch try loadUInt(2) {
        case 0b00: return
        case 0b01: try skip(Int(loadUInt(9)))
        default: throw TONError(.malformedAddress, "the address is not an external one")
        }
    }

    /// Reads the rest as bytes, continued in the first reference of each cell ("snake" form).
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/malformedStructure`` when the bits are not whole bytes, and
    ///   ``TONError/Code/tooLarge`` for more than ``maximumSnakeBytes``.
    package mutating func loadSnake() throws(TONError) -> [UInt8] {
        var bytes: [UInt8] = []
        var slice = self
        while true {
            guard slice.remainingBits % 8 == 0 else {
                throw TONError(.malformedStructure, "the text does not end at a whole byte")
            }
            bytes += try slice.loadBytes(slice.remainingBits / 8)
            guard bytes.count <= Self.maximumSnakeBytes else { throw TONError(.tooLarge, "the text is too long") }
            guard slice.remainingReferences > 0 else { break }
            slice = try slice.loadReference().slice()
        }
        position = cell.bitCount
        referencePosition = cell.referenceCount
        return bytes
    }

    /// The rest, as a cell of its own.
    ///
    /// - Throws: ``TONError``; in practice never, because the rest of a cell always fits a cell.
    package func restAsCell() throws(TONError) -> Cell {
        var builder = CellBuilder()
        try builder.store(self)
        return try builder.build()
    }

    private var underflow: TONError { TONError(.underflow, "the cell has too few bits or references") }
}
