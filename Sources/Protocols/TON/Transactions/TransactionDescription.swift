/// The phases of a chain transaction (TL-B `TransactionDescr`).
package struct TransactionDescription: Hashable, Sendable {
    /// Why the chain transaction took place.
    package enum Kind: Hashable, Sendable {
        /// A message arrived.
        case ordinary
        /// The chain runs the contract at each block.
        case tickTock
        /// Only rent was taken.
        case storage
    }

    /// Why it took place.
    package var kind: Kind
    /// Whether the money was added before the rent was taken.
    package var creditFirst: Bool
    /// The phase that takes the rent.
    package var storage: StoragePhase?
    /// The phase that adds the message's coins.
    package var credit: CreditPhase?
    /// The phase that runs the code; nil when only rent was taken.
    package var compute: ComputePhase?
    /// The phase that sends.
    package var action: ActionPhase?
    /// Whether the effects of the code were undone.
    ///
    /// A plain transfer to an account without code is aborted, but the money stays.
    package var aborted: Bool
    /// The phase that returns money.
    package var bounce: BouncePhase?
    /// Whether the account was destroyed.
    package var destroyed: Bool

    /// A description of an ordinary chain transaction.
    package init(
        creditFirst: Bool = true,
        storage: StoragePhase? = nil,
        credit: CreditPhase? = nil,
        compute: ComputePhase?,
        action: ActionPhase? = nil,
        aborted: Bool,
        bounce: BouncePhase? = nil,
        destroyed: Bool = false
    ) {
        kind = .ordinary
        self.creditFirst = creditFirst
        self.storage = storage
        self.credit = credit
        self.compute = compute
        self.action = action
        self.aborted = aborted
        self.bounce = bounce
        self.destroyed = destroyed
    }

    init(parsing cell: Cell) throws(TONError) {
        var slice = cell.slice()
        switch try slice.loadUInt(3) {
        case 0b000: kind = try slice.loadBit() ? .storage : .ordinary
        case 0b001:
            kind = .tickTock
            try slice.skip(1)
        default: throw TONError(.malformedStructure, "chain transactions of split or merged accounts are not supported")
        }
        creditFirst = false
        aborted = false
        destroyed = false
        switch kind {
        case .ordinary:
            creditFirst = try slice.loadBit()
            storage = try slice.loadBit() ? StoragePhase(from: &slice) : nil
            credit = try slice.loadBit() ? CreditPhase(from: &slice) : nil
            try loadExecution(&slice)
            bounce = try slice.loadBit() ? BouncePhase(from: &slice) : nil
            destroyed = try slice.loadBit()
        case .tickTock:
            storage = try StoragePhase(from: &slice)
            try loadExecution(&slice)
            destroyed = try slice.loadBit()
        case .storage: storage = try StoragePhase(from: &slice)
        }
    }

    private mutating func loadExecution(_ slice: inout CellSlice) throws(TONError) {
        compute = try ComputePhase(from: &slice)
        if try slice.loadBit() {
            var more = try slice.loadReference().slice()
            action = try ActionPhase(from: &more)
        }
        aborted = try slice.loadBit()
    }

    /// The description as a cell; only of an ordinary chain transaction.
    func cell() throws(TONError) -> Cell {
        guard kind == .ordinary, let compute else {
            throw TONError(.malformedStructure, "only ordinary chain transactions are written")
        }
        var builder = CellBuilder()
        try builder.store(uint: 0 as UInt8, bits: 4)
        try builder.store(bit: creditFirst)
        try builder.store(bit: storage != nil)
        if let storage { try storage.store(in: &builder) }
        try builder.store(bit: credit != nil)
        if let credit { try credit.store(in: &builder) }
        try compute.store(in: &builder)
        try builder.store(bit: action != nil)
        if let action { try builder.store(reference: action.cell()) }
        try builder.store(bit: aborted)
        try builder.store(bit: bounce != nil)
        if let bounce { try bounce.store(in: &builder) }
        try builder.store(bit: destroyed)
        return try builder.build()
    }

    /// Whether the code ran and succeeded.
    package var didExecute: Bool {
        if case .executed(let result) = compute { return result.success }
        return false
    }
}
