/// A message between accounts, into the chain or out of it (TL-B `Message Any`).
package enum Message: Hashable, Sendable {
    /// From account to account.
    case `internal`(InternalMessage)
    /// From outside into the chain.
    case externalIn(ExternalInMessage)
    /// From the chain to outside.
    case externalOut(ExternalOutMessage)

    /// Reads a message.
    ///
    /// - Throws: ``TONError``.
    package init(parsing cell: Cell) throws(TONError) {
        var slice = cell.slice()
        if try !slice.loadBit() {
            self = .internal(try InternalMessage(from: &slice))
        } else if try !slice.loadBit() {
            self = .externalIn(try ExternalInMessage(from: &slice))
        } else {
            self = .externalOut(try ExternalOutMessage(from: &slice))
        }
    }

    /// The message as a cell.
    ///
    /// - Throws: ``TONError`` when it does not fit.
    package func cell() throws(TONError) -> Cell {
        switch self {
        case .internal(let message): try message.cell()
        case .externalIn(let message): try message.cell()
        case .externalOut(let message): try message.cell()
        }
    }

    /// The body.
    package var body: Cell {
        switch self {
        case .internal(let message): message.body
        case .externalIn(let message): message.body
        case .externalOut(let message): message.body
        }
    }
}

/// The end of every message: `init:(Maybe (Either StateInit ^StateInit)) body:(Either X ^X)`.
struct MessageTail {
    var stateInit: StateInit?
    var body: Cell

    init(stateInit: StateInit?, body: Cell) {
        self.stateInit = stateInit
        self.body = body
    }

    init(from slice: inout CellSlice) throws(TONError) {
        if try slice.loadBit() {
            if try slice.loadBit() {
                stateInit = try StateInit(parsing: slice.loadReference())
            } else {
                stateInit = try StateInit(from: &slice)
            }
        }
        body = try slice.loadBit() ? slice.loadReference() : slice.restAsCell()
    }

    /// Writes the parts in place when they fit, and otherwise in references; `bodyInReference` forces one for the body.
    func store(in builder: inout CellBuilder, bodyInReference: Bool = false) throws(TONError) {
        try builder.store(bit: stateInit != nil)
        if let stateInit {
            // Many wallets write the state in a reference; the same choice leads to the same hashes.
            try builder.store(bit: true)
            try builder.store(reference: stateInit.cell())
        }
        let isInPlace =
            !bodyInReference && body.kind == .ordinary && body.bitCount + 1 <= builder.remainingBits
            && body.referenceCount + builder.references.count <= Cell.maximumReferences
        try builder.store(bit: !isInPlace)
        if isInPlace {
            try builder.store(body.slice())
        } else {
            try builder.store(reference: body)
        }
    }
}

/// A message from outside into the chain: a request to a wallet.
package struct ExternalInMessage: Hashable, Sendable {
    /// The account that it goes to.
    package var destination: TONAddress
    /// The fee to import it, in nanotons; 0 in messages of wallets.
    package var importFee: UInt128
    /// The state that deploys the account.
    package var stateInit: StateInit?
    /// The body.
    package var body: Cell

    /// A message into the chain.
    package init(destination: TONAddress, importFee: UInt128 = 0, stateInit: StateInit? = nil, body: Cell) {
        self.destination = destination
        self.importFee = importFee
        self.stateInit = stateInit
        self.body = body
    }

    init(from slice: inout CellSlice) throws(TONError) {
        try slice.skipExternalAddress()
        guard let destination = try slice.loadAccepted() else {
            throw TONError(.malformedStructure, "a message into the chain goes to an account")
        }
        self.destination = destination
        importFee = try slice.loadCoins()
        let tail = try MessageTail(from: &slice)
        (stateInit, body) = (tail.stateInit, tail.body)
    }

    private func cell(bodyInReference: Bool) throws(TONError) -> Cell {
        var builder = CellBuilder()
        try builder.store(uint: 0b10 as UInt8, bits: 2)
        try builder.store(address: nil)
        try builder.store(address: destination)
        try builder.store(coins: importFee)
        try MessageTail(stateInit: stateInit, body: body).store(in: &builder, bodyInReference: bodyInReference)
        return try builder.build()
    }

    /// The message as a cell.
    ///
    /// - Throws: ``TONError`` when it does not fit.
    package func cell() throws(TONError) -> Cell { try cell(bodyInReference: false) }

    /// The hash that does not depend on the message's encoding (TEP-467): no source, no import fee, no initial state,
    /// and the body in a reference.
    ///
    /// - Throws: ``TONError``.
    package func normalizedHash() throws(TONError) -> CellHash {
        try ExternalInMessage(destination: destination, body: body).cell(bodyInReference: true).hash
    }
}

/// A message from the chain to outside: a log entry.
package struct ExternalOutMessage: Hashable, Sendable {
    /// The account that it comes from.
    package var source: TONAddress
    /// Its logical time.
    package var createdLT: UInt64
    /// When it was made, in seconds since 1970.
    package var createdAt: UInt32
    /// The body.
    package var body: Cell

    /// A message to outside.
    package init(source: TONAddress, createdLT: UInt64, createdAt: UInt32, body: Cell) {
        self.source = source
        self.createdLT = createdLT
        self.createdAt = createdAt
        self.body = body
    }

    init(from slice: inout CellSlice) throws(TONError) {
        guard let source = try slice.loadAccepted() else {
            throw TONError(.malformedStructure, "a message out of the chain comes from an account")
        }
        self.source = source
        try slice.skipExternalAddress()
        createdLT = try slice.loadUInt(64)
        createdAt = UInt32(truncatingIfNeeded: try slice.loadUInt(32))
        body = try MessageTail(from: &slice).body
    }

    /// The message as a cell, to no particular address.
    ///
    /// - Throws: ``TONError`` when it does not fit.
    package func cell() throws(TONError) -> Cell {
        var builder = CellBuilder()
        try builder.store(uint: 0b11 as UInt8, bits: 2)
        try builder.store(address: source)
        try builder.store(address: nil)
        try builder.store(uint: createdLT, bits: 64)
        try builder.store(uint: createdAt, bits: 32)
        try MessageTail(stateInit: nil, body: body).store(in: &builder)
        return try builder.build()
    }
}
