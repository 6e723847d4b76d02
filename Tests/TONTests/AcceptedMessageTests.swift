import Seams
import TON
import Testing

@Suite("An accepted message")
struct AcceptedMessageTests {
    /// A message with an initial state of any kind, and addresses of any kind.
    private func message(split: UInt8?, ticks: Bool, anycast: [Bool]?, hash: CellHash) throws -> Cell {
        var builder = CellBuilder()
        try builder.store(uint: 0 as UInt8, bits: 4)
        try builder.store(uint: 0b10 as UInt8, bits: 2)
        try builder.store(bit: anycast != nil)
        if let anycast {
            try builder.store(uint: UInt8(anycast.count), bits: 5)
            for bit in anycast { try builder.store(bit: bit) }
        }
        try builder.store(uint: 0 as UInt8, bits: 8)
        try builder.store(hash)
        try builder.store(address: TONAddress(workchain: 0, hash: hash))
        try builder.store(coins: 5_000)
        try builder.store(maybe: nil)
        try builder.store(coins: 0)
        try builder.store(coins: 0)
        try builder.store(uint: 7 as UInt64, bits: 64)
        try builder.store(uint: 9 as UInt64, bits: 32)
        try builder.store(bit: true)
        try builder.store(bit: true)
        var state = CellBuilder()
        try state.store(bit: split != nil)
        if let split { try state.store(uint: split, bits: 5) }
        try state.store(bit: ticks)
        if ticks { try state.store(uint: 0b10 as UInt8, bits: 2) }
        for _ in 0..<3 { try state.store(maybe: nil) }
        try builder.store(reference: state.build())
        try builder.store(bit: false)
        return try builder.build()
    }

    @Test("is read, as far as a credit needs it, with special and split initial states and anycast sources")
    func read() throws {
        let hash = try CellHash([UInt8](repeating: 0, count: 32))
        for split in [UInt8?.none, 0, 31] {
            for ticks in [false, true] {
                for anycast in [[Bool]?.none, [true], [Bool](repeating: true, count: 30)] {
                    let cell = try message(split: split, ticks: ticks, anycast: anycast, hash: hash)
                    guard case .internal(let read) = try Message(parsing: cell) else {
                        Issue.record("no message between accounts")
                        continue
                    }
                    #expect(read.value == 5_000)
                    #expect(read.stateInit?.splitDepth == split && (read.stateInit?.ticks != nil) == ticks)
                    let first = read.source?.hash.bytes.first
                    #expect(first == (anycast == nil ? 0 : anycast?.count == 1 ? 0x80 : 0xFF))
                    // Without anycast the message is written as it was read.
                    if anycast == nil { #expect(try read.cell().hash == cell.hash) }
                }
            }
        }
    }

    @Test("may leave out the bit before a jetton payload in a reference")
    func payload() throws {
        let comment = try MessageBody.cell(comment: Array("order".utf8))
        var builder = CellBuilder()
        try builder.store(uint: MessageBody.Op.jettonInternalTransfer, bits: 32)
        try builder.store(uint: 1 as UInt64, bits: 64)
        try builder.store(coins: 100)
        try builder.store(address: nil)
        try builder.store(address: nil)
        try builder.store(coins: 1)
        try builder.store(reference: comment)
        guard case .jettonInternalTransfer(let credit) = MessageBody(reading: try builder.build()) else {
            Issue.record("no credit of jettons")
            return
        }
        #expect(credit.amount == 100 && credit.forwardPayload == comment)
    }
}
