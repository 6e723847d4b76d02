/// A cell of TON: up to 1023 bits and up to four references, immutable, identified by its hash.
///
/// Cells that were read from one bag share its bytes. The depth is limited when a cell is made, so that nothing that
/// walks cells can be led too deep.
public final class Cell: Sendable {
    /// The most bits of a cell.
    public static let maximumBits = 1_023
    /// The most references of a cell.
    public static let maximumReferences = 4
    /// The greatest depth of a tree of cells.
    public static let maximumDepth = 1_024

    /// What kind of cell it is.
    public enum Kind: UInt8, Hashable, Sendable {
        /// A cell that holds what it says.
        case ordinary = 0
        /// A place holder for a part of a tree that was left out of a proof.
        case prunedBranch = 1
        /// A cell that is kept elsewhere and known by its hash.
        case libraryReference = 2
        /// A part of a tree with the hash of the whole.
        case merkleProof = 3
        /// Two of them, before and after a change.
        case merkleUpdate = 4
    }

    /// The kind of cell.
    public let kind: Kind
    /// How many bits it holds.
    public let bitCount: Int
    /// How many cells it refers to.
    public let referenceCount: Int
    /// The representation hash.
    public let hash: CellHash
    /// The length of the longest way down; zero without references.
    public let depth: Int

    let levelMask: LevelMask
    let buffer: [UInt8]
    let offset: Int
    /// Hashes and depths below the highest level; empty for almost every cell.
    let lower: [(hash: CellHash, depth: Int)]
    private let first: Cell?
    private let second: Cell?
    private let third: Cell?
    private let fourth: Cell?

    init(
        kind: Kind,
        buffer: [UInt8],
        offset: Int,
        bitCount: Int,
        references: (Cell?, Cell?, Cell?, Cell?),
        referenceCount: Int,
        summary: CellSummary
    ) {
        self.kind = kind
        self.buffer = buffer
        self.offset = offset
        self.bitCount = bitCount
        (first, second, third, fourth) = references
        self.referenceCount = referenceCount
        hash = summary.hash
        depth = summary.depth
        levelMask = summary.levelMask
        lower = summary.lower
    }

    /// Whether the cell's type decides how its bits are read.
    public var isExotic: Bool { kind != .ordinary }

    /// One of the cells that it refers to.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/underflow`` when there are fewer.
    public func reference(_ index: Int) throws(TONError) -> Cell {
        guard let cell = self[index] else { throw TONError(.underflow, "the cell has no reference \(index)") }
        return cell
    }

    /// The cells that it refers to.
    public var references: [Cell] { [first, second, third, fourth].compactMap(\.self) }

    subscript(index: Int) -> Cell? {
        switch index {
        case 0: first
        case 1: second
        case 2: third
        case 3: fourth
        default: nil
        }
    }

    /// The bits in whole bytes, the last one filled with zeros.
    public var data: [UInt8] {
        var bytes = Array(buffer[offset..<offset + (bitCount + 7) / 8])
        let rest = bitCount % 8
        if rest != 0, let last = bytes.last { bytes[bytes.count - 1] = last & ~(0xFF >> rest) }
        return bytes
    }

    /// A reader of the cell from its start.
    public func slice() -> CellSlice { CellSlice(self) }

    /// The hash that the cell has at a level; the representation hash at its highest.
    ///
    /// At level 0 it is the hash of the whole tree, also where parts of it were left out.
    public func hash(at level: Int) -> CellHash {
        let index = levelMask.applying(level).hashIndex
        return index < lower.count ? lower[index].hash : hash
    }

    /// The depth that the cell has at a level.
    func depth(at level: Int) -> Int {
        let index = levelMask.applying(level).hashIndex
        return index < lower.count ? lower[index].depth : depth
    }
}

extension Cell: Hashable {
    /// Whether both have the same representation hash.
    public static func == (lhs: Cell, rhs: Cell) -> Bool { lhs.hash == rhs.hash }
    /// Hashes the representation hash.
    public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}
