/// The list of a contract's actions: `out_list` of TL-B, with the last action outermost.
package enum OutgoingActions {
    private static let sendMessage: UInt64 = 0x0EC3_C86D
    private static let maximumCount = 255

    /// An action that sends one message.
    package struct Send: Hashable, Sendable {
        /// The send mode.
        package let mode: UInt8
        /// The message.
        package let message: Cell

        /// An action that sends a message.
        package init(mode: UInt8, cell: Cell) {
            self.mode = mode
            message = cell
        }
    }

    // The list of messages to send; every message gets the bits of `mode` in addition to its own.
    static func list(_ messages: [WalletMessage], mode: UInt8 = 0) throws(TONError) -> Cell {
        var list = try Cell.empty()
        for message in messages {
            var action = CellBuilder()
            try action.store(reference: list)
            try action.store(uint: sendMessage, bits: 32)
            try action.store(uint: message.mode | mode, bits: 8)
            try action.store(reference: message.message.cell())
            list = try action.build()
        }
        return list
    }

    /// The messages of a list, in the order in which they are sent.
    ///
    /// - Throws: ``TONError`` when there is another action than sending.
    package static func messages(in list: Cell?) throws(TONError) -> [Send] {
        var messages: [Send] = []
        var next = list
        while let cell = next, cell.bitCount > 0 {
            guard messages.count < maximumCount else {
                throw TONError(.tooLarge, "a request has at most \(maximumCount) messages")
            }
            var slice = cell.slice()
            next = try slice.loadReference()
            guard try slice.loadUInt(32) == sendMessage else {
                throw TONError(.malformedStructure, "only send actions are supported")
            }
            let mode = UInt8(truncatingIfNeeded: try slice.loadUInt(8))
            messages.append(Send(mode: mode, cell: try slice.loadReference()))
        }
        return messages.reversed()
    }
}
