/// The meaning of a message, by the first 32 bits of its body (TEP-74 and the contracts' own documentation).
///
/// A body that does not match its first bits is ``other(op:)``, because anybody may write anything.
package enum MessageBody: Hashable, Sendable {
    /// An empty body.
    case empty
    /// A text: op 0 and bytes in snake form, which need not be UTF-8.
    case comment([UInt8])
    /// A text that only the receiver can read; it is never used as plain text.
    case encryptedComment
    /// An owner asks its jetton wallet to send.
    case jettonTransfer(JettonTransfer)
    /// A jetton wallet, or the master, gives jettons to another jetton wallet.
    case jettonInternalTransfer(JettonInternalTransfer)
    /// A jetton wallet notifies its owner of received jettons.
    case jettonNotification(JettonNotification)
    /// Unused coins for fees come back.
    case excesses(queryID: UInt64)
    /// An owner asks its jetton wallet to burn.
    case jettonBurn(JettonBurn)
    /// A jetton wallet notifies the master of burnt jettons.
    case jettonBurnNotification(JettonBurnNotification)
    /// A highload wallet's list of messages, sent to itself.
    case highloadTransfer(queryID: UInt64)
    /// Returned money, in the format of global version 12.
    case bounced(BouncedBody)
    /// Returned money, in the old format: the first 256 bits of the original body.
    case bouncedLegacy(original: Cell)
    /// Any other body; the op is nil for fewer than 32 bits.
    case other(op: UInt32?)

    /// The first 32 bits of bodies that have a meaning here.
    package enum Op {
        /// A text.
        package static let comment: UInt32 = 0
        /// A text that only the receiver can read.
        package static let encryptedComment: UInt32 = 0x2167_DA4B
        /// `transfer` of TEP-74.
        package static let jettonTransfer: UInt32 = 0x0F8A_7EA5
        /// `internal_transfer` of TEP-74.
        package static let jettonInternalTransfer: UInt32 = 0x178D_4519
        /// `transfer_notification` of TEP-74.
        package static let jettonNotification: UInt32 = 0x7362_D09C
        /// `excesses` of TEP-74.
        package static let excesses: UInt32 = 0xD532_76DB
        /// `burn` of TEP-74.
        package static let jettonBurn: UInt32 = 0x595F_07BC
        /// `burn_notification` of TEP-74.
        package static let jettonBurnNotification: UInt32 = 0x7BDD_97DE
        /// A highload wallet's list of messages, sent to itself.
        package static let highloadTransfer: UInt32 = 0xAE42_E5A4
        /// The old bounce format.
        package static let bouncedLegacy: UInt32 = 0xFFFF_FFFF
        /// The new bounce format.
        package static let bounced: UInt32 = 0xFFFF_FFFE
    }

    /// Reads a body.
    package init(reading body: Cell) {
        var slice = body.slice()
        guard !slice.isEmpty else {
            self = .empty
            return
        }
        guard body.kind == .ordinary, let first = try? slice.loadUInt(32) else {
            self = .other(op: nil)
            return
        }
        let op = UInt32(truncatingIfNeeded: first)
        self = (try? Self.known(op, &slice)) ?? .other(op: op)
    }

    private static func known(_ op: UInt32, _ slice: inout CellSlice) throws(TONError) -> Self {
        switch op {
        case Op.comment: .comment(try slice.loadSnake())
        case Op.encryptedComment: .encryptedComment
        case Op.jettonTransfer: .jettonTransfer(try JettonTransfer(from: &slice))
        case Op.jettonInternalTransfer: .jettonInternalTransfer(try JettonInternalTransfer(from: &slice))
        case Op.jettonNotification: .jettonNotification(try JettonNotification(from: &slice))
        case Op.excesses: .excesses(queryID: try slice.loadUInt(64))
        case Op.jettonBurn: .jettonBurn(try JettonBurn(from: &slice))
        case Op.jettonBurnNotification: .jettonBurnNotification(try JettonBurnNotification(from: &slice))
        case Op.highloadTransfer: .highloadTransfer(queryID: try slice.loadUInt(64))
        case Op.bouncedLegacy: .bouncedLegacy(original: try slice.restAsCell())
        case Op.bounced: .bounced(try BouncedBody(from: &slice))
        default: .other(op: op)
        }
    }

    /// A body that is a text.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/tooLarge``.
    package static func cell(comment: [UInt8]) throws(TONError) -> Cell {
        var builder = CellBuilder()
        try builder.store(uint: Op.comment, bits: 32)
        try builder.store(snake: comment)
        return try builder.build()
    }
}

/// The body of returned money, since global version 12.
package struct BouncedBody: Hashable, Sendable {
    /// The original body, or its root without references.
    package let originalBody: Cell
    /// The coins of the original message, in nanotons.
    package let originalValue: UInt128
    /// The original message's logical time.
    package let originalLT: UInt64
    /// When the original message was made, in seconds since 1970.
    package let originalCreatedAt: UInt32
    /// The phase that failed: 0 skipped, 1 compute, 2 action.
    package let phase: UInt8
    /// The exit code of that phase.
    package let exitCode: Int32
    /// Gas used and steps made, when the code ran.
    package let gas: (used: UInt32, steps: UInt32)?

    /// A body of returned money.
    package init(
        originalBody: Cell,
        originalValue: UInt128,
        originalLT: UInt64,
        originalCreatedAt: UInt32,
        phase: UInt8,
        exitCode: Int32,
        gas: (used: UInt32, steps: UInt32)?
    ) {
        self.originalBody = originalBody
        self.originalValue = originalValue
        self.originalLT = originalLT
        self.originalCreatedAt = originalCreatedAt
        self.phase = phase
        self.exitCode = exitCode
        self.gas = gas
    }

    init(from slice: inout CellSlice) throws(TONError) {
        originalBody = try slice.loadReference()
        var info = try slice.loadReference().slice()
        originalValue = try info.loadCoins()
        _ = try info.loadMaybeReference()
        originalLT = try info.loadUInt(64)
        originalCreatedAt = UInt32(truncatingIfNeeded: try info.loadUInt(32))
        phase = UInt8(truncatingIfNeeded: try slice.loadUInt(8))
        exitCode = Int32(truncatingIfNeeded: try slice.loadInt(32))
        if try slice.loadBit() {
            let (used, steps) = (try slice.loadUInt(32), try slice.loadUInt(32))
            gas = (UInt32(truncatingIfNeeded: used), UInt32(truncatingIfNeeded: steps))
        } else {
            gas = nil
        }
    }

    /// The body as a cell.
    ///
    /// - Throws: ``TONError`` when it does not fit.
    package func cell() throws(TONError) -> Cell {
        var info = CellBuilder()
        try info.store(coins: originalValue)
        try info.store(maybe: nil)
        try info.store(uint: originalLT, bits: 64)
        try info.store(uint: originalCreatedAt, bits: 32)
        var builder = CellBuilder()
        try builder.store(uint: MessageBody.Op.bounced, bits: 32)
        try builder.store(reference: originalBody)
        try builder.store(reference: info.build())
        try builder.store(uint: phase, bits: 8)
        try builder.store(int: Int64(exitCode), bits: 32)
        try builder.store(bit: gas != nil)
        if let gas {
            try builder.store(uint: gas.used, bits: 32)
            try builder.store(uint: gas.steps, bits: 32)
        }
        return try builder.build()
    }

    /// Whether all fields are equal.
    package static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.originalBody == rhs.originalBody && lhs.originalValue == rhs.originalValue
            && lhs.originalLT == rhs.originalLT && lhs.originalCreatedAt == rhs.originalCreatedAt
            && lhs.phase == rhs.phase && lhs.exitCode == rhs.exitCode && lhs.gas?.used == rhs.gas?.used
            && lhs.gas?.steps == rhs.gas?.steps
    }

    /// Hashes the original message's place.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(originalBody)
        hasher.combine(originalLT)
    }
}
