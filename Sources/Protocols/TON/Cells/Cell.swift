/// A cell of TON: up to 1023 bits and up to four references, immutable, identified by its hash.
///
/// Cells from one bag share its bytes, and each of them keeps all bytes in memory. The depth is limited when a cell is
/// made, so that code that walks cells cannot be led too deep.
package struct Cell: Sendable {
    /// The most bits of a cell.
    package static let maximumBits = 1_023
    /// The most references of a cell.
    package static let maximumReferences = 4
    /// The greatest depth of a tree of cells.
    package static let maximumDepth = 1_024

    /// The kind of a cell.
    package enum Kind: UInt8, Hashable, Sendable {
        /// A cell that holds its own data.
        case ordinary = 0
        /// A placeholder for a part of a tree that a proof leaves out.
        case prunedBranch = 1
        /// A reference by hash to a cell that is stored elsewhere.
        case libraryReference = 2
        /// A part of a tree with the hash of the whole.
        case merkleProof = 3
        /// Two parts of trees, before and after a change.
        case merkleUpdate = 4
    }

    private let table: CellTable
    private let index: Int

    init(_ table: CellTable, at index: Int) {
        self.table = table
        self.index = index
    }

    private var record: CellRecord { table.records[index] }

    /// The kind of cell.
    package var kind: Kind { record.kind }
    /// How many bits it holds.
    package var bitCount: Int { Int(record.bitCount) }
    /// How many cells it refers to.
    package var referenceCount: Int { Int(record.referenceCount) }
    /// The representation hash.
    package var hash: CellHash { record.hash }
    /// The length of the longest path down; zero without references.
    package var depth: Int { Int(record.depth) }

    var levelMask: LevelMask { record.levelMask }
    /// The bytes in which its bits lie, from ``offset`` on.
    var buffer: [UInt8] { table.bytes }
    var offset: Int { Int(record.offset) }
    /// The values from which its parents' hashes are computed.
    var summary: CellSummary {
        CellSummary(hash: hash, depth: depth, levelMask: levelMask, lower: table.levels[index] ?? [])
    }

    /// Whether the cell's type decides how its bits are read.
    package var isExotic: Bool { kind != .ordinary }

    /// One of the cells that it refers to.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/underflow`` when there are fewer.
    package func reference(_ index: Int) throws(TONError) -> Cell {
        guard let cell = self[index] else { throw TONError(.underflow, "the cell has no reference \(index)") }
        return cell
    }

    /// The cells that it refers to.
    package var references: [Cell] { (0..<referenceCount).compactMap { self[$0] } }

    subscript(number: Int) -> Cell? {
        let record = record
        guard number >= 0, number < record.referenceCount else { return nil }
        let target = record[number]
        let own = table.records.count
        return target < own ? Cell(table, at: target) : table.others[target - own]
    }

    /// The bits in whole bytes, the last one filled with zeros.
    package var data: [UInt8] {
        let record = record
        let offset = Int(record.offset)
        var bytes = Array(table.bytes[offset..<offset + (Int(record.bitCount) + 7) / 8])
        let rest = record.bitCount % 8
        if rest != 0, let last = bytes.last { bytes[bytes.count - 1] = last & ~(0xFF >> rest) }
        return bytes
    }

    /// A reader of the cell from its start.
    package func slice() -> CellSlice { CellSlice(self) }

    /// The hash that the cell has at a level; the representation hash at its highest.
    ///
    /// At level 0 it is the hash of the whole tree, even when parts of it are left out.
    package func hash(at level: Int) -> CellHash { summary.hash(at: level) }
}

extension Cell: Hashable {
    /// Whether both have the same representation hash.
    package static func == (lhs: Cell, rhs: Cell) -> Bool { lhs.hash == rhs.hash }
    /// Hashes the representation hash.
    package func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}
