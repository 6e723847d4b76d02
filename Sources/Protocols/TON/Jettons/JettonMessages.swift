/// `transfer` of TEP-74: an owner asks its jetton wallet to send.
package struct JettonTransfer: Hashable, Sendable {
    /// The sender's number of the request.
    package var queryID: UInt64
    /// The amount in smallest units.
    package var amount: UInt128
    /// The owner who receives them.
    package var destination: TONAddress?
    /// The receiver of unused fees.
    package var responseDestination: TONAddress?
    /// Data for the jetton wallet itself.
    package var customPayload: Cell?
    /// Nanotons for the receiver's notification; with 0 there is no notification.
    package var forwardAmount: UInt128
    /// Data for the receiver, for example a comment.
    package var forwardPayload: Cell

    /// A request to send jettons.
    package init(
        queryID: UInt64,
        amount: UInt128,
        destination: TONAddress?,
        responseDestination: TONAddress?,
        customPayload: Cell? = nil,
        forwardAmount: UInt128,
        forwardPayload: Cell
    ) {
        self.queryID = queryID
        self.amount = amount
        self.destination = destination
        self.responseDestination = responseDestination
        self.customPayload = customPayload
        self.forwardAmount = forwardAmount
        self.forwardPayload = forwardPayload
    }

    init(from slice: inout CellSlice) throws(TONError) {
        queryID = try slice.loadUInt(64)
        amount = try slice.loadCoins()
        destination = try slice.loadAddress()
        responseDestination = try slice.loadAddress()
        customPayload = try slice.loadMaybeReference()
        forwardAmount = try slice.loadCoins()
        forwardPayload = try ForwardPayload.load(&slice)
    }

    /// The body as a cell.
    ///
    /// - Throws: ``TONError`` when it does not fit.
    package func cell() throws(TONError) -> Cell {
        var builder = CellBuilder()
        try builder.store(uint: MessageBody.Op.jettonTransfer, bits: 32)
        try builder.store(uint: queryID, bits: 64)
        try builder.store(coins: amount)
        try builder.store(address: destination)
        try builder.store(address: responseDestination)
        try builder.store(maybe: customPayload)
        try builder.store(coins: forwardAmount)
        try ForwardPayload.store(forwardPayload, in: &builder)
        return try builder.build()
    }
}

/// `internal_transfer` of TEP-74: the message that credits a jetton wallet.
package struct JettonInternalTransfer: Hashable, Sendable {
    /// The sender's number of the request.
    package var queryID: UInt64
    /// The amount in smallest units.
    package var amount: UInt128
    /// The owner who sent them.
    package var from: TONAddress?
    /// The receiver of unused fees.
    package var responseAddress: TONAddress?
    /// Nanotons for the receiver's notification.
    package var forwardAmount: UInt128
    /// Data for the receiver.
    package var forwardPayload: Cell

    /// A credit of jettons.
    package init(
        queryID: UInt64,
        amount: UInt128,
        from: TONAddress?,
        responseAddress: TONAddress?,
        forwardAmount: UInt128,
        forwardPayload: Cell
    ) {
        self.queryID = queryID
        self.amount = amount
        self.from = from
        self.responseAddress = responseAddress
        self.forwardAmount = forwardAmount
        self.forwardPayload = forwardPayload
    }

    init(from slice: inout CellSlice) throws(TONError) {
        queryID = try slice.loadUInt(64)
        amount = try slice.loadCoins()
        from = try slice.loadAccepted()
        responseAddress = try slice.loadAccepted()
        forwardAmount = try slice.loadCoins()
        forwardPayload = try ForwardPayload.load(&slice)
    }

    /// The body as a cell.
    ///
    /// - Throws: ``TONError`` when it does not fit.
    package func cell() throws(TONError) -> Cell {
        var builder = CellBuilder()
        try builder.store(uint: MessageBody.Op.jettonInternalTransfer, bits: 32)
        try builder.store(uint: queryID, bits: 64)
        try builder.store(coins: amount)
        try builder.store(address: from)
        try builder.store(address: responseAddress)
        try builder.store(coins: forwardAmount)
        try ForwardPayload.store(forwardPayload, in: &builder)
        return try builder.build()
    }
}

/// `transfer_notification` of TEP-74: a jetton wallet notifies its owner of received jettons.
///
/// Anybody can send one.
package struct JettonNotification: Hashable, Sendable {
    /// The sender's number of the request.
    package var queryID: UInt64
    /// The amount in smallest units.
    package var amount: UInt128
    /// The owner who sent them.
    package var sender: TONAddress?
    /// Data for the receiver.
    package var forwardPayload: Cell

    /// A notification.
    package init(queryID: UInt64, amount: UInt128, sender: TONAddress?, forwardPayload: Cell) {
        self.queryID = queryID
        self.amount = amount
        self.sender = sender
        self.forwardPayload = forwardPayload
    }

    init(from slice: inout CellSlice) throws(TONError) {
        queryID = try slice.loadUInt(64)
        amount = try slice.loadCoins()
        sender = try slice.loadAccepted()
        forwardPayload = try ForwardPayload.load(&slice)
    }

    /// The body as a cell.
    ///
    /// - Throws: ``TONError`` when it does not fit.
    package func cell() throws(TONError) -> Cell {
        var builder = CellBuilder()
        try builder.store(uint: MessageBody.Op.jettonNotification, bits: 32)
        try builder.store(uint: queryID, bits: 64)
        try builder.store(coins: amount)
        try builder.store(address: sender)
        try ForwardPayload.store(forwardPayload, in: &builder)
        return try builder.build()
    }
}

/// `burn` of TEP-74.
package struct JettonBurn: Hashable, Sendable {
    /// The sender's number of the request.
    package let queryID: UInt64
    /// The amount in smallest units.
    package let amount: UInt128
    /// The receiver of unused fees.
    package let responseDestination: TONAddress?

    init(from slice: inout CellSlice) throws(TONError) {
        queryID = try slice.loadUInt(64)
        amount = try slice.loadCoins()
        responseDestination = try slice.loadAddress()
    }
}

/// `burn_notification` of TEP-74.
package struct JettonBurnNotification: Hashable, Sendable {
    /// The sender's number of the request.
    package let queryID: UInt64
    /// The amount in smallest units.
    package let amount: UInt128
    /// The owner whose jettons were burnt.
    package let sender: TONAddress?
    /// The receiver of unused fees.
    package let responseDestination: TONAddress?

    init(from slice: inout CellSlice) throws(TONError) {
        queryID = try slice.loadUInt(64)
        amount = try slice.loadCoins()
        sender = try slice.loadAccepted()
        // Some jettons end the message here.
        responseDestination = slice.isEmpty ? nil : try slice.loadAddress()
    }
}

/// `forward_payload:(Either Cell ^Cell)`; some jettons leave out all of it, and some the bit before a reference, which
/// shows only by the remaining reference.
enum ForwardPayload {
    static func load(_ slice: inout CellSlice) throws(TONError) -> Cell {
        guard slice.remainingBits > 0 else {
            return slice.remainingReferences > 0 ? try slice.loadReference() : try Cell.empty()
        }
        if try slice.loadBit(), slice.remainingReferences > 0 { return try slice.loadReference() }
        return try slice.restAsCell()
    }

    /// Stores the payload in place when it fits, as most wallets do, and otherwise in a reference.
    static func store(_ payload: Cell, in builder: inout CellBuilder) throws(TONError) {
        let isInPlace =
            payload.kind == .ordinary && payload.referenceCount == 0
            && payload.bitCount + 1 <= builder.remainingBits
        try builder.store(bit: !isInPlace)
        if isInPlace {
            try builder.store(payload.slice())
        } else {
            try builder.store(reference: payload)
        }
    }
}
