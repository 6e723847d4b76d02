import BigInt
import EVM
import Payments
import Seams

/// A note at the end of the data of a gathering transfer: the option whose address it empties.
///
/// A database that was restored from a copy lacks the addresses of later invoices. The note identifies transfers from
/// them. It proves nothing alone: the signature of the option's key decides.
struct GatheringNote: Hashable {
    private static let mark = Array("gath".utf8)
    private static let size = mark.count + 16

    let option: PaymentOptionID

    init(option: PaymentOptionID) { self.option = option }

    /// Reads the end of a chain transaction's data; nil when it is not a note.
    init?(endOf data: [UInt8]) {
        let note = data.suffix(Self.size)
        guard note.count == Self.size, note.starts(with: Self.mark) else { return nil }
        option = PaymentOptionID(value: note.dropFirst(Self.mark.count).reduce(UInt128(0)) { $0 << 8 | UInt128($1) })
    }

    var bytes: [UInt8] {
        Self.mark + (0..<16).reversed().map { UInt8(truncatingIfNeeded: option.value >> UInt128(8 * $0)) }
    }

    /// The most gas of a chain transaction that moves coins and carries the note (EIP-7623).
    var gas: UInt64 {
        let tokens = bytes.reduce(0) { $0 + ($1 == 0 ? 1 : 4) }
        return 21_000 + 10 * UInt64(tokens)
    }
}

extension EVMProvider {
    /// The option whose address has sent a chain transaction, by its note and its signature; nil when they do not show
    /// one.
    func option(emptiedBy transaction: ChainTransaction) -> PaymentOptionID? {
        guard let note = GatheringNote(endOf: transaction.signed?.data ?? []), let sender = transaction.provenSender,
            let address = try? depositAddress(of: note.option), address == sender
        else { return nil }
        return note.option
    }
}
