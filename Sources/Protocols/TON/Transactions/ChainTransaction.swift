/// One step of an account's history (TL-B `transaction$0111`): a message in, messages out, and the phases in between.
package struct ChainTransaction: Hashable, Sendable {
    /// The cell from which it was read, whose hash identifies it.
    package let cell: Cell
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
    /// The account's status before it.
    package let originalStatus: AccountStatus
    /// The account's status after it.
    package let endStatus: AccountStatus
    /// The message that caused it.
    package let inMessage: Message?
    /// The hash of that message.
    package let inMessageHash: CellHash?
    /// The messages that it sent, in their order.
    package let outMessages: [Message]
    /// The hashes of those messages.
    package let outMessageHashes: [CellHash]
    /// The fees that the account paid, without the forwarding fees of its messages, in nanotons.
    package let totalFees: UInt128
    /// The hashes of the account's state before and after.
    package let stateUpdate: StateUpdate
    /// The phases.
    package let description: TransactionDescription

    /// The hashes of an account's state before and after.
    package struct StateUpdate: Hashable, Sendable {
        /// Before.
        package let old: CellHash
        /// After.
        package let new: CellHash

        /// The hashes before and after.
        package init(old: CellHash, new: CellHash) {
            self.old = old
            self.new = new
        }
    }

    /// The hash that identifies it.
    package var hash: CellHash { cell.hash }

    /// Reads a chain transaction.
    ///
    /// - Throws: ``TONError``.
    package init(parsing cell: Cell) throws(TONError) {
        var slice = cell.slice()
        let head = try TransactionHead(from: &slice)
        self.cell = cell
        account = head.account
        lt = head.lt
        previousHash = head.previousHash
        previousLT = head.previousLT
        now = head.now
        let outCount = Int(try slice.loadUInt(15))
        originalStatus = try Self.status(&slice)
        endStatus = try Self.status(&slice)
        var messages = try slice.loadReference().slice()
        let inCell = try messages.loadMaybeReference()
        inMessage = if let inCell { try Message(parsing: inCell) } else { nil }
        inMessageHash = inCell?.hash
        let out = try Self.outCells(messages.loadMaybeReference())
        guard out.count == outCount else {
            throw TONError(.malformedStructure, "the chain transaction does not have the messages that it counts")
        }
        var outMessages: [Message] = []
        for cell in out { outMessages.append(try Message(parsing: cell)) }
        self.outMessages = outMessages
        outMessageHashes = out.map(\.hash)
        totalFees = try slice.loadCoins()
        _ = try slice.loadMaybeReference()
        var update = try slice.loadReference().slice()
        guard try update.loadUInt(8) == 0x72 else { throw TONError(.malformedStructure, "the state update is not one") }
        stateUpdate = StateUpdate(old: try update.loadHash(), new: try update.loadHash())
        description = try TransactionDescription(parsing: slice.loadReference())
    }

    /// A chain transaction with its cell, as a chain writes it.
    ///
    /// - Throws: ``TONError`` when it does not fit.
    package init(
        account: CellHash,
        lt: UInt64,
        previousHash: CellHash,
        previousLT: UInt64,
        now: UInt32,
        originalStatus: AccountStatus,
        endStatus: AccountStatus,
        inMessage: Message?,
        outMessages: [Message],
        totalFees: UInt128,
        stateUpdate: StateUpdate,
        description: TransactionDescription
    ) throws(TONError) {
        var messages = CellBuilder()
        let inCell: Cell? = if let inMessage { try inMessage.cell() } else { nil }
        try messages.store(maybe: inCell)
        var out: [(key: UInt64, value: Cell)] = []
        for (index, message) in outMessages.enumerated() { out.append((UInt64(index), try message.cell())) }
        try messages.store(maybe: Hashmap.cell(out, keyBits: 15))
        var update = CellBuilder()
        try update.store(uint: 0x72 as UInt8, bits: 8)
        try update.store(stateUpdate.old)
        try update.store(stateUpdate.new)
        var builder = CellBuilder()
        try builder.store(uint: 0b0111 as UInt8, bits: 4)
        try builder.store(account)
        try builder.store(uint: lt, bits: 64)
        try builder.store(previousHash)
        try builder.store(uint: previousLT, bits: 64)
        try builder.store(uint: now, bits: 32)
        try builder.store(uint: UInt64(outMessages.count), bits: 15)
        try builder.store(uint: originalStatus.rawValue, bits: 2)
        try builder.store(uint: endStatus.rawValue, bits: 2)
        try builder.store(reference: messages.build())
        try builder.store(coins: totalFees)
        try builder.store(maybe: nil)
        try builder.store(reference: update.build())
        try builder.store(reference: description.cell())
        try self.init(parsing: builder.build())
    }

    private static func status(_ slice: inout CellSlice) throws(TONError) -> AccountStatus {
        AccountStatus(rawValue: UInt8(try slice.loadUInt(2))) ?? .nonexistent
    }

    private static func outCells(_ root: Cell?) throws(TONError) -> [Cell] {
        var cells: [Cell] = []
        for (_, value) in try Hashmap.entries(of: root, keyBits: 15) {
            var slice = value
            cells.append(try slice.loadReference())
        }
        return cells
    }
}
