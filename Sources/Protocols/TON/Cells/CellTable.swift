/// Cells that were read or made together: their shared bytes, and a record of fixed size for each.
///
/// An object for each cell of a bag would cost more than its hash. So cells are places in a table, and reading a bag
/// allocates only a few arrays, however many cells it has.
final class CellTable: Sendable {
    let bytes: [UInt8]
    let records: [CellRecord]
    /// Hashes and depths below the highest level, for the few cells that have levels.
    let levels: [Int: [CellLevel]]
    /// The cells of other tables that these refer to.
    let others: [Cell]

    init(bytes: [UInt8], records: [CellRecord], levels: [Int: [CellLevel]] = [:], others: [Cell] = []) {
        self.bytes = bytes
        self.records = records
        self.levels = levels
        self.others = others
    }
}

/// The record of a cell in a table.
struct CellRecord: Sendable {
    let kind: Cell.Kind
    let referenceCount: UInt8
    var levelMask: LevelMask
    let bitCount: UInt16
    var depth: UInt16 = 0
    /// The offset of its bits.
    let offset: UInt32
    /// Numbers of cells in the same table, or, after them, in ``CellTable/others``.
    var references: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
    var hash = CellHash.zero

    init(kind: Cell.Kind, referenceCount: Int, levelMask: LevelMask, bitCount: Int, offset: Int) {
        self.kind = kind
        self.referenceCount = UInt8(referenceCount)
        self.levelMask = levelMask
        self.bitCount = UInt16(bitCount)
        self.offset = UInt32(offset)
    }

    /// The cell that a reference names.
    subscript(index: Int) -> Int {
        get {
            switch index {
            case 0: Int(references.0)
            case 1: Int(references.1)
            case 2: Int(references.2)
            default: Int(references.3)
            }
        }
        set {
            let target = UInt32(newValue)
            switch index {
            case 0: references.0 = target
            case 1: references.1 = target
            case 2: references.2 = target
            default: references.3 = target
            }
        }
    }
}
