/// The status of an account before or after a chain transaction.
package enum AccountStatus: UInt8, Hashable, Sendable {
    case uninitialised = 0
    case frozen = 1
    case active = 2
    case nonexistent = 3
}

/// The phase that takes the rent for storage.
package struct StoragePhase: Hashable, Sendable {
    /// The change of the account's status.
    package enum StatusChange: Hashable, Sendable {
        case unchanged
        case frozen
        case deleted
    }

    /// The rent taken, in nanotons.
    package var collected: UInt128
    /// The rent that could not be taken and is still owed.
    package var due: UInt128?
    /// The change of the account's status.
    package var statusChange: StatusChange

    /// A storage phase.
    package init(collected: UInt128, due: UInt128? = nil, statusChange: StatusChange = .unchanged) {
        self.collected = collected
        self.due = due
        self.statusChange = statusChange
    }

    init(from slice: inout CellSlice) throws(TONError) {
        collected = try slice.loadCoins()
        due = try slice.loadBit() ? slice.loadCoins() : nil
        statusChange = try !slice.loadBit() ? .unchanged : slice.loadBit() ? .deleted : .frozen
    }

    func store(in builder: inout CellBuilder) throws(TONError) {
        try builder.store(coins: collected)
        try builder.store(bit: due != nil)
        if let due { try builder.store(coins: due) }
        switch statusChange {
        case .unchanged: try builder.store(bit: false)
        case .frozen: try builder.store(uint: 0b10 as UInt8, bits: 2)
        case .deleted: try builder.store(uint: 0b11 as UInt8, bits: 2)
        }
    }
}

/// The phase that adds the message's coins.
package struct CreditPhase: Hashable, Sendable {
    /// Earlier rent that was taken first.
    package var dueFeesCollected: UInt128?
    /// The coins added, in nanotons.
    package var credit: UInt128
    /// Other currencies that were added.
    package var extraCurrencies: Cell?

    /// A credit phase.
    package init(dueFeesCollected: UInt128? = nil, credit: UInt128, extraCurrencies: Cell? = nil) {
        self.dueFeesCollected = dueFeesCollected
        self.credit = credit
        self.extraCurrencies = extraCurrencies
    }

    init(from slice: inout CellSlice) throws(TONError) {
        dueFeesCollected = try slice.loadBit() ? slice.loadCoins() : nil
        credit = try slice.loadCoins()
        extraCurrencies = try slice.loadMaybeReference()
    }

    func store(in builder: inout CellBuilder) throws(TONError) {
        try builder.store(bit: dueFeesCollected != nil)
        if let dueFeesCollected { try builder.store(coins: dueFeesCollected) }
        try builder.store(coins: credit)
        try builder.store(maybe: extraCurrencies)
    }
}

/// The phase that runs the contract's code.
package enum ComputePhase: Hashable, Sendable {
    /// Why the code did not run.
    package enum SkipReason: Hashable, Sendable {
        /// There is no code.
        case noState
        /// The code that came with the message is not the account's.
        case badState
        /// There was no money for gas.
        case noGas
        /// The account is suspended.
        case suspended
    }

    /// The result of running the code.
    package struct Result: Hashable, Sendable {
        /// Whether the code succeeded.
        package var success: Bool
        /// Whether the message's state was used.
        package var usedMessageState: Bool
        /// Whether the account became active.
        package var activatedAccount: Bool
        /// The fee for the gas, in nanotons.
        package var gasFees: UInt128
        /// The gas used.
        package var gasUsed: UInt64
        /// The gas limit.
        package var gasLimit: UInt64
        /// The exit code; 0 and 1 are success.
        package var exitCode: Int32
        /// The number of steps.
        package var steps: UInt32

        /// A result of running code.
        package init(
            success: Bool,
            usedMessageState: Bool = false,
            activatedAccount: Bool = false,
            gasFees: UInt128,
            gasUsed: UInt64,
            gasLimit: UInt64,
            exitCode: Int32,
            steps: UInt32
        ) {
            self.success = success
            self.usedMessageState = usedMessageState
            self.activatedAccount = activatedAccount
            self.gasFees = gasFees
            self.gasUsed = gasUsed
            self.gasLimit = gasLimit
            self.exitCode = exitCode
            self.steps = steps
        }
    }

    /// The code did not run.
    case skipped(SkipReason)
    /// The code ran.
    case executed(Result)

    init(from slice: inout CellSlice) throws(TONError) {
        guard try slice.loadBit() else {
            if try slice.loadBit() {
                self = try .skipped(!slice.loadBit() ? .noGas : Self.suspended(&slice))
            } else {
                self = .skipped(try slice.loadBit() ? .badState : .noState)
            }
            return
        }
        let success = try slice.loadBit()
        let (usedMessageState, activatedAccount) = (try slice.loadBit(), try slice.loadBit())
        let gasFees = try slice.loadCoins()
        var more = try slice.loadReference().slice()
        let gasUsed = try more.loadShort(lengthBits: 3)
        let gasLimit = try more.loadShort(lengthBits: 3)
        if try more.loadBit() { _ = try more.loadShort(lengthBits: 2) }
        try more.skip(8)
        let exitCode = Int32(truncatingIfNeeded: try more.loadInt(32))
        if try more.loadBit() { try more.skip(32) }
        self = .executed(
            Result(
                success: success,
                usedMessageState: usedMessageState,
                activatedAccount: activatedAccount,
                gasFees: gasFees,
                gasUsed: gasUsed,
                gasLimit: gasLimit,
                exitCode: exitCode,
                steps: UInt32(truncatingIfNeeded: try more.loadUInt(32))
            )
        )
    }

    private static func suspended(_ slice: inout CellSlice) throws(TONError) -> SkipReason {
        guard try !slice.loadBit() else {
            throw TONError(.malformedStructure, "the reason of a skipped phase is unknown")
        }
        return .suspended
    }

    func store(in builder: inout CellBuilder) throws(TONError) {
        switch self {
        case .skipped(.noState): try builder.store(uint: 0b000 as UInt8, bits: 3)
        case .skipped(.badState): try builder.store(uint: 0b001 as UInt8, bits: 3)
        case .skipped(.noGas): try builder.store(uint: 0b010 as UInt8, bits: 3)
        case .skipped(.suspended): try builder.store(uint: 0b0110 as UInt8, bits: 4)
        case .executed(let result):
            try builder.store(bit: true)
            try builder.store(bit: result.success)
            try builder.store(bit: result.usedMessageState)
            try builder.store(bit: result.activatedAccount)
            try builder.store(coins: result.gasFees)
            var more = CellBuilder()
            try more.store(short: result.gasUsed, lengthBits: 3)
            try more.store(short: result.gasLimit, lengthBits: 3)
            try more.store(bit: false)
            try more.store(uint: 0 as UInt8, bits: 8)
            try more.store(int: Int64(result.exitCode), bits: 32)
            try more.store(bit: false)
            try more.store(uint: result.steps, bits: 32)
            // The hashes of the virtual machine's states, which only a validator can compute.
            try more.store(bytes: [UInt8](repeating: 0, count: 64))
            try builder.store(reference: more.build())
        }
    }
}

/// The phase that carries out the code's actions.
package struct ActionPhase: Hashable, Sendable {
    /// Whether all actions were carried out.
    package var success: Bool
    /// Whether the list of actions was valid.
    package var valid: Bool
    /// Whether there was too little money.
    package var noFunds: Bool
    /// The fee for forwarding the messages, in nanotons, including ``actionFees``.
    package var forwardFees: UInt128?
    /// The part of ``forwardFees`` that is taken in this chain transaction.
    package var actionFees: UInt128?
    /// 0, or the reason of the failure; 37 is too little money.
    package var resultCode: Int32
    /// The number of actions.
    package var totalActions: UInt16
    /// The number of actions that failed and were skipped (send mode +2).
    package var skippedActions: UInt16
    /// The number of messages sent.
    package var messagesCreated: UInt16

    /// An action phase.
    package init(
        success: Bool,
        valid: Bool = true,
        noFunds: Bool = false,
        forwardFees: UInt128? = nil,
        actionFees: UInt128? = nil,
        resultCode: Int32 = 0,
        totalActions: UInt16,
        skippedActions: UInt16 = 0,
        messagesCreated: UInt16
    ) {
        self.success = success
        self.valid = valid
        self.noFunds = noFunds
        self.forwardFees = forwardFees
        self.actionFees = actionFees
        self.resultCode = resultCode
        self.totalActions = totalActions
        self.skippedActions = skippedActions
        self.messagesCreated = messagesCreated
    }

    init(from slice: inout CellSlice) throws(TONError) {
        success = try slice.loadBit()
        valid = try slice.loadBit()
        noFunds = try slice.loadBit()
        if try slice.loadBit() { try slice.skip(1) }
        forwardFees = try slice.loadBit() ? slice.loadCoins() : nil
        actionFees = try slice.loadBit() ? slice.loadCoins() : nil
        resultCode = Int32(truncatingIfNeeded: try slice.loadInt(32))
        if try slice.loadBit() { try slice.skip(32) }
        totalActions = UInt16(truncatingIfNeeded: try slice.loadUInt(16))
        try slice.skip(16)
        skippedActions = UInt16(truncatingIfNeeded: try slice.loadUInt(16))
        messagesCreated = UInt16(truncatingIfNeeded: try slice.loadUInt(16))
    }

    func cell() throws(TONError) -> Cell {
        var builder = CellBuilder()
        try builder.store(bit: success)
        try builder.store(bit: valid)
        try builder.store(bit: noFunds)
        try builder.store(bit: false)
        for fee in [forwardFees, actionFees] {
            try builder.store(bit: fee != nil)
            if let fee { try builder.store(coins: fee) }
        }
        try builder.store(int: Int64(resultCode), bits: 32)
        try builder.store(bit: false)
        for count in [totalActions, 0, skippedActions, messagesCreated] { try builder.store(uint: count, bits: 16) }
        // The hash of the list and the size of the messages, which decide nothing here.
        try builder.store(bytes: [UInt8](repeating: 0, count: 32))
        try builder.store(short: 0, lengthBits: 3)
        try builder.store(short: 0, lengthBits: 3)
        return try builder.build()
    }
}

/// The phase that returns money that a contract could not accept.
package enum BouncePhase: Hashable, Sendable {
    /// There was no money to return.
    case negativeFunds
    /// The remaining money did not cover the fee for returning it.
    case noFunds(requiredForwardFees: UInt128)
    /// It was returned.
    case ok(messageFees: UInt128, forwardFees: UInt128)

    init(from slice: inout CellSlice) throws(TONError) {
        if try slice.loadBit() {
            try slice.skipStorageUsed()
            self = .ok(messageFees: try slice.loadCoins(), forwardFees: try slice.loadCoins())
        } else if try slice.loadBit() {
            try slice.skipStorageUsed()
            self = .noFunds(requiredForwardFees: try slice.loadCoins())
        } else {
            self = .negativeFunds
        }
    }

    func store(in builder: inout CellBuilder) throws(TONError) {
        switch self {
        case .negativeFunds: try builder.store(uint: 0b00 as UInt8, bits: 2)
        case .noFunds(let fees):
            try builder.store(uint: 0b01 as UInt8, bits: 2)
            for _ in 0..<2 { try builder.store(short: 0, lengthBits: 3) }
            try builder.store(coins: fees)
        case .ok(let messageFees, let forwardFees):
            try builder.store(bit: true)
            for _ in 0..<2 { try builder.store(short: 0, lengthBits: 3) }
            try builder.store(coins: messageFees)
            try builder.store(coins: forwardFees)
        }
    }
}

extension CellSlice {
    /// Reads `VarUInteger n` with a length of `lengthBits` bits and at most eight bytes.
    mutating func loadShort(lengthBits: Int) throws(TONError) -> UInt64 {
        try loadUInt(Int(loadUInt(lengthBits)) * 8)
    }

    /// Skips `StorageUsedShort`: the numbers of cells and bits.
    mutating func skipStorageUsed() throws(TONError) {
        for _ in 0..<2 { _ = try loadShort(lengthBits: 3) }
    }
}

extension CellBuilder {
    /// Writes `VarUInteger n` with a length of `lengthBits` bits.
    mutating func store(short value: UInt64, lengthBits: Int) throws(TONError) {
        let length = (UInt64.bitWidth - value.leadingZeroBitCount + 7) / 8
        try store(uint: UInt64(length), bits: lengthBits)
        try store(uint: value, bits: length * 8)
    }
}
