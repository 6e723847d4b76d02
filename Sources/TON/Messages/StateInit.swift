/// What an account begins with: its code and data (TL-B `StateInit`), whose hash is the account's address.
public struct StateInit: Hashable, Sendable {
    /// The contract's code.
    public var code: Cell?
    /// The contract's first data.
    public var data: Cell?
    /// The libraries that it brings.
    public var libraries: Cell?

    /// An initial state.
    public init(code: Cell?, data: Cell?, libraries: Cell? = nil) {
        self.code = code
        self.data = data
        self.libraries = libraries
    }

    /// Reads a cell that holds an initial state and nothing else.
    ///
    /// - Throws: ``TONError``.
    public init(parsing cell: Cell) throws(TONError) {
        var slice = cell.slice()
        try self.init(from: &slice)
        guard slice.isEmpty else { throw TONError(.malformedStructure, "something follows the initial state") }
    }

    init(from slice: inout CellSlice) throws(TONError) {
        // split_depth and special belong to accounts that no payment meets.
        guard try !slice.loadBit(), try !slice.loadBit() else {
            throw TONError(.malformedStructure, "initial states of special or split accounts are not taken")
        }
        code = try slice.loadMaybeReference()
        data = try slice.loadMaybeReference()
        libraries = try slice.loadMaybeReference()
    }

    func store(in builder: inout CellBuilder) throws(TONError) {
        try builder.store(uint: 0 as UInt8, bits: 2)
        try builder.store(maybe: code)
        try builder.store(maybe: data)
        try builder.store(maybe: libraries)
    }

    /// The initial state as a cell.
    ///
    /// - Throws: ``TONError`` when the tree of cells would be too deep.
    public func cell() throws(TONError) -> Cell {
        var builder = CellBuilder()
        try store(in: &builder)
        return try builder.build()
    }

    /// The account that begins with this state.
    ///
    /// - Throws: ``TONError``.
    public func address(workchain: Int = 0) throws(TONError) -> TONAddress {
        try TONAddress(workchain: workchain, hash: cell().hash)
    }
}
