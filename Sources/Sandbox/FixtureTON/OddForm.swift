package import TON

/// A way of writing a payment that no wallet uses.
///
/// The chain accepts most of them; the last ones stand for forms that it may accept one day and that we cannot read.
package enum OddForm: String, CaseIterable, Sendable {
    /// The initial state says when the chain calls the contract.
    case special
    /// The initial state says how far the account is split.
    case split
    /// The initial state stands in the message and not in a reference.
    case stateInPlace = "state_in_place"
    /// The initial state brings a library.
    case libraries
    /// The initial state has code and data that are another account's.
    case foreignState = "foreign_state"
    /// The sender's address begins with an anycast prefix.
    case anycast
    /// The sender's address has a length of its own and lies on no workchain that an account can have.
    case variableSource = "variable_source"
    /// The message carries another currency as well.
    case extraCurrency = "extra_currency"

    /// The comment ends with half a byte.
    case halfByte = "half_byte"
    /// The body is a library cell.
    case libraryBody = "library_body"
    /// The body is a Merkle proof.
    case proofBody = "proof_body"
    /// The comment is longer than any that is read.
    case longComment = "long_comment"

    /// The message in is an empty cell.
    case noMessage = "no_message"
    /// The message carries more than all coins that there are.
    case tooMuch = "too_much"
    /// The chain transaction counts a message that it did not send.
    case miscounted
    /// The chain transaction is one of an account that is split.
    case splitting
    /// The chain transaction says nothing of what happened.
    case undescribed
    /// The chain transaction does not say how the account's state changed.
    case noUpdate = "no_update"

    /// What the gateway should make of such a payment.
    package enum Meaning: Sendable {
        /// Money for what the comment says.
        case payment
        /// Money that nobody has explained.
        case unexplained
        /// Something that cannot be read.
        case unreadable
    }

    /// What the gateway should make of this form.
    package var meaning: Meaning {
        switch self {
        case .special, .split, .stateInPlace, .libraries, .foreignState, .anycast, .variableSource, .extraCurrency:
            .payment
        case .halfByte, .libraryBody, .proofBody, .longComment: .unexplained
        case .noMessage, .tooMuch, .miscounted, .splitting, .undescribed, .noUpdate: .unreadable
        }
    }

    /// The chain transaction of a plain payment, written in this form.
    ///
    /// - Throws: `TONError` when it answers no message between accounts.
    package func rewrite(_ transaction: Cell) throws(TONError) -> Cell {
        switch self {
        case .miscounted: return try transaction.changing(bits: 676..<691, to: 1)
        case .splitting:
            return try transaction.changing(
                reference: 2,
                to: Cell.make { cell throws(TONError) in
                    try cell.store(uint: 0b0100 as UInt8, bits: 4)
                }
            )
        case .undescribed: return try transaction.changing(reference: 2, to: Cell.empty())
        case .noUpdate: return try transaction.changing(reference: 1, to: Cell.empty())
        default:
            let messages = try transaction.reference(0)
            let written = self == .noMessage ? try Cell.empty() : try write(messages.reference(0))
            return try transaction.changing(reference: 0, to: messages.changing(reference: 0, to: written))
        }
    }

    /// A message in this form, field by field as block.tlb has them (`int_msg_info$0`).
    private func write(_ plain: Cell) throws(TONError) -> Cell {
        guard case .internal(let message) = try Message(parsing: plain) else {
            throw TONError(.malformedStructure, "the message is not one between accounts")
        }
        var cell = CellBuilder()
        try cell.store(bit: false)
        try cell.store(bit: message.ihrDisabled)
        try cell.store(bit: message.bounce)
        try cell.store(bit: message.bounced)
        try storeSource(message.source, in: &cell)
        try cell.store(address: message.destination)
        try cell.store(coins: self == .tooMuch ? 1 << 119 : message.value)
        try cell.store(maybe: self == .extraCurrency ? Self.oneOfAnotherCurrency() : nil)
        try cell.store(coins: message.extraFlags)
        try cell.store(coins: message.forwardFee)
        try cell.store(uint: message.createdLT, bits: 64)
        try cell.store(uint: message.createdAt, bits: 32)
        try storeState(in: &cell)
        try cell.store(bit: true)
        try cell.store(reference: body(message.body))
        return try cell.build()
    }

    private func storeSource(_ source: TONAddress?, in cell: inout CellBuilder) throws(TONError) {
        guard let source else { return try cell.store(address: nil) }
        switch self {
        case .anycast:
            try cell.store(uint: 0b10 as UInt8, bits: 2)
            try cell.store(bit: true)
            try cell.store(uint: 30 as UInt8, bits: 5)
            try cell.store(uint: 0 as UInt32, bits: 30)
            try cell.store(int: Int64(source.workchain), bits: 8)
            try cell.store(source.hash)
        case .variableSource:
            try cell.store(uint: 0b110 as UInt8, bits: 3)
            try cell.store(uint: 64 as UInt64, bits: 9)
            try cell.store(int: 1_000, bits: 32)
            try cell.store(uint: 7 as UInt64, bits: 64)
        default: try cell.store(address: source)
        }
    }

    private func storeState(in cell: inout CellBuilder) throws(TONError) {
        guard [.special, .split, .stateInPlace, .libraries, .foreignState].contains(self) else {
            return try cell.store(bit: false)
        }
        try cell.store(bit: true)
        try cell.store(bit: self != .stateInPlace)
        var state = CellBuilder()
        try state.store(bit: self == .split || self == .stateInPlace)
        if self == .split || self == .stateInPlace { try state.store(uint: 31 as UInt8, bits: 5) }
        try state.store(bit: self == .special || self == .stateInPlace)
        if self == .special || self == .stateInPlace { try state.store(uint: 0b11 as UInt8, bits: 2) }
        let code: Cell? = self == .foreignState ? try Cell.empty() : nil
        try state.store(maybe: code)
        try state.store(maybe: code)
        try state.store(maybe: self == .libraries ? Self.oneLibrary() : nil)
        let written = try state.build()
        if self == .stateInPlace { try cell.store(written.slice()) } else { try cell.store(reference: written) }
    }

    private func body(_ plain: Cell) throws(TONError) -> Cell {
        switch self {
        case .halfByte:
            return try Cell.make { cell throws(TONError) in
                try cell.store(plain.slice())
                try cell.store(uint: 0 as UInt8, bits: 4)
            }
        case .libraryBody:
            var library = CellBuilder()
            try library.store(uint: Cell.Kind.libraryReference.rawValue, bits: 8)
            try library.store(plain.hash)
            return try library.build(exotic: true)
        case .proofBody:
            var proof = CellBuilder()
            try proof.store(uint: Cell.Kind.merkleProof.rawValue, bits: 8)
            try proof.store(plain.hash)
            try proof.store(uint: UInt64(plain.depth), bits: 16)
            try proof.store(reference: plain)
            return try proof.build(exotic: true)
        case .longComment:
            return try Cell.make { cell throws(TONError) in
                try cell.store(uint: MessageBody.Op.comment, bits: 32)
                try cell.store(bytes: [UInt8](repeating: 0x61, count: 100))
                // The text goes on in a reference, for longer than a comment may.
                try cell.store(
                    reference: Cell.make { more throws(TONError) in
                        try more.store(snake: [UInt8](repeating: 0x61, count: CellSlice.maximumSnakeBytes))
                    }
                )
            }
        default: return plain
        }
    }

    /// `HashmapE 32 (VarUInteger 32)` with 5 units of currency 100.
    private static func oneOfAnotherCurrency() throws(TONError) -> Cell {
        try Cell.make { cell throws(TONError) in
            try cell.store(uint: 0b10 as UInt8, bits: 2)
            try cell.store(uint: 32 as UInt8, bits: 6)
            try cell.store(uint: 100 as UInt32, bits: 32)
            try cell.store(uint: 1 as UInt8, bits: 5)
            try cell.store(uint: 5 as UInt8, bits: 8)
        }
    }

    /// `HashmapE 256 SimpleLib` with one public library.
    private static func oneLibrary() throws(TONError) -> Cell {
        try Cell.make { cell throws(TONError) in
            let library = try Cell.empty()
            try cell.store(uint: 0b10 as UInt8, bits: 2)
            try cell.store(uint: 256 as UInt64, bits: 9)
            try cell.store(library.hash)
            try cell.store(bit: true)
            try cell.store(reference: library)
        }
    }
}

extension Cell {
    /// A copy of the cell in which some cells and bits are replaced.
    private func written(_ cell: (Int) throws(TONError) -> Cell, _ bit: (Int, Bool) -> Bool) throws(TONError) -> Cell {
        var (builder, slice) = (CellBuilder(), slice())
        for place in 0..<bitCount { try builder.store(bit: bit(place, try slice.loadBit())) }
        for place in 0..<referenceCount { try builder.store(reference: cell(place)) }
        return try builder.build(exotic: isExotic)
    }

    /// A copy of the cell with another cell in one reference.
    package func changing(reference number: Int, to other: Cell) throws(TONError) -> Cell {
        try written({ place throws(TONError) in place == number ? other : try self.reference(place) }, { $1 })
    }

    /// A copy of the cell with a number in some of its bits.
    package func changing(bits: Range<Int>, to number: UInt64) throws(TONError) -> Cell {
        try written(reference) { place, bit in
            bits.contains(place) ? number >> (bits.upperBound - 1 - place) & 1 == 1 : bit
        }
    }

    /// A copy of the cell with one bit flipped.
    package func turning(bit number: Int) throws(TONError) -> Cell {
        try written(reference) { place, bit in place == number ? !bit : bit }
    }
}
