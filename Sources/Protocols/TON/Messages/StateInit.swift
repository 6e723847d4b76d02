/// The initial state of an account: its code and data (TL-B `StateInit`), whose hash is the account's address.
package struct StateInit: Hashable, Sendable {
    /// When the chain calls a contract of the masterchain without a message (TL-B `TickTock`).
    package struct Ticks: Hashable, Sendable {
        /// Before every block.
        package var isCalledBefore: Bool
        /// After every block.
        package var isCalledAfter: Bool
    }

    /// By how many bits the account is split into shards; accounts in payments are never split.
    ///
    /// It can still occur in messages of strangers: for an account with code, the chain reads only the libraries of a
    /// message's state.
    package var splitDepth: UInt8?
    /// When the chain calls it without a message; accounts in payments are never called so.
    package var ticks: Ticks?
    /// The contract's code.
    package var code: Cell?
    /// The contract's first data.
    package var data: Cell?
    /// The libraries that it brings.
    package var libraries: Cell?

    /// An initial state.
    package init(code: Cell?, data: Cell?, libraries: Cell? = nil) {
        self.code = code
        self.data = data
        self.libraries = libraries
    }

    /// Reads a cell that holds an initial state and nothing else.
    ///
    /// - Throws: ``TONError``.
    package init(parsing cell: Cell) throws(TONError) {
        var slice = cell.slice()
        try self.init(from: &slice)
        guard slice.isEmpty else { throw TONError(.malformedStructure, "something follows the initial state") }
    }

    init(from slice: inout CellSlice) throws(TONError) {
        if try slice.loadBit() { splitDepth = UInt8(truncatingIfNeeded: try slice.loadUInt(5)) }
        if try slice.loadBit() {
            ticks = Ticks(isCalledBefore: try slice.loadBit(), isCalledAfter: try slice.loadBit())
        }
        code = try slice.loadMaybeReference()
        data = try slice.loadMaybeReference()
        libraries = try slice.loadMaybeReference()
    }

    func store(in builder: inout CellBuilder) throws(TONError) {
        try builder.store(bit: splitDepth != nil)
        if let splitDepth { try builder.store(uint: splitDepth, bits: 5) }
        try builder.store(bit: ticks != nil)
        if let ticks {
            try builder.store(bit: ticks.isCalledBefore)
            try builder.store(bit: ticks.isCalledAfter)
        }
        try builder.store(maybe: code)
        try builder.store(maybe: data)
        try builder.store(maybe: libraries)
    }

    /// The initial state as a cell.
    ///
    /// - Throws: ``TONError`` when the tree of cells would be too deep.
    package func cell() throws(TONError) -> Cell {
        var builder = CellBuilder()
        try store(in: &builder)
        return try builder.build()
    }

    /// The account that begins with this state.
    ///
    /// - Throws: ``TONError``.
    package func address(workchain: Int = 0) throws(TONError) -> TONAddress {
        try TONAddress(workchain: workchain, hash: cell().hash)
    }
}
