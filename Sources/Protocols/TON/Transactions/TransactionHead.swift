/// The fixed beginning of a chain transaction: its account, its time, and the previous one.
///
/// It can be read whatever follows, so that an account's history joins up across an unreadable chain transaction.
package struct TransactionHead: Hashable, Sendable {
    /// The account, without its workchain.
    package let account: CellHash
    /// The logical time, which is unique within the account.
    package let lt: UInt64
    /// The hash of the step before it.
    package let previousHash: CellHash
    /// The logical time of the step before it; 0 for the first one.
    package let previousLT: UInt64
    /// When it happened, by the block's clock, in seconds since 1970.
    package let now: UInt32

    /// Reads the beginning of a chain transaction.
    ///
    /// - Throws: ``TONError``.
    package init(parsing cell: Cell) throws(TONError) {
        var slice = cell.slice()
        try self.init(from: &slice)
    }

    init(from slice: inout CellSlice) throws(TONError) {
        guard try slice.loadUInt(4) == 0b0111 else {
            throw TONError(.malformedStructure, "the cell is not a chain transaction")
        }
        account = try slice.loadHash()
        lt = try slice.loadUInt(64)
        previousHash = try slice.loadHash()
        previousLT = try slice.loadUInt(64)
        now = UInt32(truncatingIfNeeded: try slice.loadUInt(32))
    }
}
