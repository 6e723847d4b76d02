/// A message from account to account (TL-B `int_msg_info$0`).
package struct InternalMessage: Hashable, Sendable {
    /// Whether instant hypercube routing is off; it always is.
    package var ihrDisabled: Bool
    /// Whether the money comes back when the receiver cannot accept it.
    package var bounce: Bool
    /// Whether this is returned money.
    ///
    /// This flag decides, not the body.
    package var bounced: Bool
    /// The sender.
    ///
    /// It is nil before the chain has filled it in, and when it has a form that no account has today.
    package var source: TONAddress?
    /// The receiver.
    package var destination: TONAddress
    /// The coins that it carries, in nanotons.
    package var value: UInt128
    /// Other currencies that it carries.
    package var extraCurrencies: Cell?
    /// Flags since global version 12 (before it, the IHR fee): bit 0 requests the new bounce format, bit 1 the whole
    /// body in it.
    package var extraFlags: UInt128
    /// The remaining fee for forwarding it, in nanotons.
    package var forwardFee: UInt128
    /// Its logical time.
    package var createdLT: UInt64
    /// When it was made, in seconds since 1970.
    package var createdAt: UInt32
    /// The state that deploys the receiver.
    package var stateInit: StateInit?
    /// The body.
    package var body: Cell

    /// A message from account to account.
    package init(
        ihrDisabled: Bool = true,
        bounce: Bool,
        bounced: Bool = false,
        source: TONAddress? = nil,
        destination: TONAddress,
        value: UInt128,
        extraCurrencies: Cell? = nil,
        extraFlags: UInt128 = 0,
        forwardFee: UInt128 = 0,
        createdLT: UInt64 = 0,
        createdAt: UInt32 = 0,
        stateInit: StateInit? = nil,
        body: Cell
    ) {
        self.ihrDisabled = ihrDisabled
        self.bounce = bounce
        self.bounced = bounced
        self.source = source
        self.destination = destination
        self.value = value
        self.extraCurrencies = extraCurrencies
        self.extraFlags = extraFlags
        self.forwardFee = forwardFee
        self.createdLT = createdLT
        self.createdAt = createdAt
        self.stateInit = stateInit
        self.body = body
    }

    init(from slice: inout CellSlice) throws(TONError) {
        ihrDisabled = try slice.loadBit()
        bounce = try slice.loadBit()
        bounced = try slice.loadBit()
        source = try slice.loadAccepted()
        guard let destination = try slice.loadAccepted() else {
            throw TONError(.malformedStructure, "a message between accounts goes to an account")
        }
        self.destination = destination
        value = try slice.loadCoins()
        extraCurrencies = try slice.loadMaybeReference()
        extraFlags = try slice.loadCoins()
        forwardFee = try slice.loadCoins()
        createdLT = try slice.loadUInt(64)
        createdAt = UInt32(truncatingIfNeeded: try slice.loadUInt(32))
        let tail = try MessageTail(from: &slice)
        (stateInit, body) = (tail.stateInit, tail.body)
    }

    /// The message as a cell.
    ///
    /// - Throws: ``TONError`` when it does not fit.
    package func cell() throws(TONError) -> Cell {
        var builder = CellBuilder()
        try builder.store(bit: false)
        try builder.store(bit: ihrDisabled)
        try builder.store(bit: bounce)
        try builder.store(bit: bounced)
        try builder.store(address: source)
        try builder.store(address: destination)
        try builder.store(coins: value)
        try builder.store(maybe: extraCurrencies)
        try builder.store(coins: extraFlags)
        try builder.store(coins: forwardFee)
        try builder.store(uint: createdLT, bits: 64)
        try builder.store(uint: createdAt, bits: 32)
        try MessageTail(stateInit: stateInit, body: body).store(in: &builder)
        return try builder.build()
    }
}
