import Cryptography

/// One or more serialised trees of cells: the form in which TON transfers data (TON whitepaper, section 3.1.8;
/// tvm.tlb).
package struct BagOfCells: Sendable {
    /// The limits for bags from outside.
    package struct Limits: Hashable, Sendable {
        /// The most bytes.
        package var maximumBytes: Int
        /// The most distinct cells.
        package var maximumCells: Int
        /// The most roots.
        package var maximumRoots: Int

        /// Limits; by default four megabytes, 65,536 cells and 16 roots.
        package init(maximumBytes: Int = 4 << 20, maximumCells: Int = 65_536, maximumRoots: Int = 16) {
            self.maximumBytes = maximumBytes
            self.maximumCells = maximumCells
            self.maximumRoots = maximumRoots
        }
    }

    /// The roots of the bag's trees.
    package let roots: [Cell]
    private let table: CellTable

    /// The number of cells in the bag.
    package var cellCount: Int { table.records.count }

    /// The number of different cells in the bag; some writers repeat cells.
    package var distinctCellCount: Int { Set(table.records.map(\.hash)).count }

    /// Reads a bag in any of the three header forms, with or without index and checksum.
    ///
    /// References have to point forward, nothing may follow the bag, and absent cells are refused. Every hash is
    /// computed here, and an index is ignored. The time is proportional to the number of bytes, and there is no
    /// recursion.
    ///
    /// - Throws: ``TONError``.
    package init(parsing bytes: [UInt8], limits: Limits = Limits()) throws(TONError) {
        let header = try BagHeader(bytes, limits: limits)
        let table = try BagReader(bytes: bytes, header: header).cells()
        roots = header.roots.map { Cell(table, at: $0) }
        self.table = table
    }

    /// The only root of a bag.
    ///
    /// - Throws: ``TONError`` when the bag cannot be read or has several roots.
    /// - Returns: the root.
    package static func root(of bytes: [UInt8], limits: Limits = Limits()) throws(TONError) -> Cell {
        let bag = try BagOfCells(parsing: bytes, limits: limits)
        guard bag.roots.count == 1 else {
            throw TONError(.malformedBag, "the bag has \(bag.roots.count) roots, not one")
        }
        return bag.roots[0]
    }

    /// The only root of a bag that is written in hex or base 64.
    ///
    /// - Throws: ``TONError`` when the text is neither, or is not a bag with one root.
    /// - Returns: the root.
    package static func root(ofText text: String, limits: Limits = Limits()) throws(TONError) -> Cell {
        try root(of: bytes(ofText: text), limits: limits)
    }

    /// The bytes of a bag that is written in hex or base 64.
    ///
    /// - Throws: ``TONError`` when the text is neither.
    /// - Returns: the bytes.
    package static func bytes(ofText text: String) throws(TONError) -> [UInt8] {
        if let bytes = try? Hex.decode(text) { return bytes }
        for alphabet in [Base64.Alphabet.standard, .urlSafe] {
            if let bytes = try? Base64.decode(text, alphabet: alphabet, padding: .optional) { return bytes }
        }
        throw TONError(.malformedBag, "the text is neither hex nor base 64")
    }
}

/// The header of a bag: the widths of its numbers, and the places of its parts.
struct BagHeader {
    static let genericMagic: UInt32 = 0xB5EE_9C72
    static let indexedMagic: UInt32 = 0x68FF_65F3
    static let indexedChecksumMagic: UInt32 = 0xACC3_A728

    let referenceBytes: Int
    let cellCount: Int
    let roots: [Int]
    /// The serialised cells.
    let cells: Range<Int>

    init(_ bytes: [UInt8], limits: BagOfCells.Limits) throws(TONError) {
        guard bytes.count <= min(limits.maximumBytes, Int(UInt32.max)) else {
            throw TONError(.tooLarge, "the bag is larger than allowed")
        }
        var cursor = BagCursor(bytes: bytes)
        let magic = UInt32(try cursor.integer(4))
        let flags = UInt8(try cursor.integer(1))
        let (hasIndex, hasChecksum, hasCacheBits): (Bool, Bool, Bool)
        switch magic {
        case Self.genericMagic:
            hasIndex = flags & 0x80 != 0
            hasChecksum = flags & 0x40 != 0
            hasCacheBits = flags & 0x20 != 0
            referenceBytes = Int(flags & 0x07)
            guard flags & 0x18 == 0 else { throw Self.malformed("unknown flags are set") }
        case Self.indexedMagic, Self.indexedChecksumMagic:
            hasIndex = true
            hasChecksum = magic == Self.indexedChecksumMagic
            hasCacheBits = false
            referenceBytes = Int(flags)
        default: throw Self.malformed("the magic number is not that of a bag of cells")
        }
        guard hasIndex || !hasCacheBits else { throw Self.malformed("cache bits need an index") }
        guard (1...4).contains(referenceBytes) else { throw Self.malformed("references have 1 to 4 bytes") }
        let offsetBytes = Int(try cursor.integer(1))
        guard (1...8).contains(offsetBytes) else { throw Self.malformed("offsets have 1 to 8 bytes") }
        cellCount = try cursor.count(referenceBytes)
        let rootCount = try cursor.count(referenceBytes)
        let absentCount = try cursor.count(referenceBytes)
        let cellBytes = try cursor.count(offsetBytes)
        guard absentCount == 0 else { throw Self.malformed("absent cells are not supported") }
        guard cellCount <= limits.maximumCells, rootCount <= limits.maximumRoots else {
            throw TONError(.tooLarge, "the bag has more cells or roots than allowed")
        }
        guard cellCount > 0, rootCount > 0, rootCount <= cellCount else { throw Self.malformed("the bag has no root") }
        if magic == Self.genericMagic {
            var roots: [Int] = []
            for _ in 0..<rootCount { roots.append(try cursor.count(referenceBytes)) }
            self.roots = roots
        } else {
            guard rootCount == 1 else { throw Self.malformed("the older forms have one root") }
            roots = [0]
        }
        let count = cellCount
        guard roots.allSatisfy({ $0 < count }) else { throw Self.malformed("a root is not in the bag") }
        // The index is not needed to find the cells, and some writers fill it wrongly.
        if hasIndex { try cursor.skip(cellCount * offsetBytes) }
        cells = cursor.position..<cursor.position + min(cellBytes, bytes.count)
        let end = cells.upperBound + (hasChecksum ? 4 : 0)
        guard end == bytes.count else { throw Self.malformed("the bag is shorter or longer than its header says") }
        // A cell has at least two bytes, so that a small bag cannot claim many cells.
        guard cellBytes >= cellCount * 2 else { throw Self.malformed("the cells do not fit the bytes") }
        if hasChecksum { try Self.check(bytes) }
    }

    private static func check(_ bytes: [UInt8]) throws(TONError) {
        let body = bytes.count - 4
        var stated: UInt32 = 0
        for byte in bytes[body...].reversed() { stated = stated << 8 | UInt32(byte) }
        guard CRC32C.checksum(bytes[..<body]) == stated else { throw malformed("the checksum is wrong") }
    }

    private static func malformed(_ reason: String) -> TONError { TONError(.malformedBag, reason) }
}

/// Reads big-endian numbers of a bag.
struct BagCursor {
    let bytes: [UInt8]
    private(set) var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func integer(_ width: Int) throws(TONError) -> UInt64 {
        guard position + width <= bytes.count else { throw TONError(.malformedBag, "the bag ends within its header") }
        var value: UInt64 = 0
        for byte in bytes[position..<position + width] { value = value << 8 | UInt64(byte) }
        position += width
        return value
    }

    /// A count; a number that is larger than in any bag is cut, and fails later.
    mutating func count(_ width: Int) throws(TONError) -> Int {
        Int(min(try integer(width), UInt64(Int32.max)))
    }

    mutating func skip(_ count: Int) throws(TONError) {
        guard position + count <= bytes.count else { throw TONError(.malformedBag, "the bag ends within its index") }
        position += count
    }
}

/// The checksum of bags: CRC-32C (Castagnoli, RFC 3720 appendix B.4), sixteen bytes at a time.
enum CRC32C {
    /// Sixteen tables of 256 words: the first one for the last byte of a step.
    private static let tables: [UInt32] = {
        var tables: [UInt32] = []
        for index in UInt32(0)..<256 {
            var crc = index
            for _ in 0..<8 { crc = crc & 1 != 0 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
            tables.append(crc)
        }
        for index in 256..<16 * 256 {
            let last = tables[index - 256]
            tables.append(last >> 8 ^ tables[Int(last & 0xFF)])
        }
        return tables
    }()

    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        tables.withUnsafeBufferPointer { tables in
            bytes.withUnsafeBytes { bytes in
                func word(_ index: Int) -> UInt64 {
                    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                }
                var crc: UInt32 = .max
                var index = 0
                while index + 16 <= bytes.count {
                    crc = step(word(index) ^ UInt64(crc), tables, 8) ^ step(word(index + 8), tables, 0)
                    index += 16
                }
                while index < bytes.count {
                    crc = crc >> 8 ^ tables[Int(UInt8(truncatingIfNeeded: crc) ^ bytes[index])]
                    index += 1
                }
                return ~crc
            }
        }
    }

    /// The contribution of eight bytes to the checksum, with `after` bytes of the step behind them.
    private static func step(_ word: UInt64, _ tables: UnsafeBufferPointer<UInt32>, _ after: Int) -> UInt32 {
        func entry(_ byte: Int) -> UInt32 { tables[(after + 7 - byte) << 8 | Int(word >> (8 * UInt64(byte)) & 0xFF)] }
        return (entry(0) ^ entry(1)) ^ (entry(2) ^ entry(3)) ^ ((entry(4) ^ entry(5)) ^ (entry(6) ^ entry(7)))
    }
}
