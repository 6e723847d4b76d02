import BigInt
import Cryptography
import EVM
import Payments
import Seams

/// What a sweep says at the end of its data: which option's address it empties.
///
/// A database that was restored from a copy does not know the addresses of later invoices. By the note it knows what came
/// from one of them, although it proves nothing by itself: what decides is that the option's key has signed.
struct GatheringNote: Hashable {
    private static let mark = Array("gath".utf8)
    private static let size = mark.count + 16

    let option: PaymentOptionID

    init(option: PaymentOptionID) { self.option = option }

    /// Reads what a chain transaction's data ends with; nil when that is no note.
    init?(endOf data: [UInt8]) {
        let note = data.suffix(Self.size)
        guard note.count == Self.size, note.starts(with: Self.mark) else { return nil }
        option = PaymentOptionID(value: note.dropFirst(Self.mark.count).reduce(UInt128(0)) { $0 << 8 | UInt128($1) })
    }

    var bytes: [UInt8] {
        Self.mark + (0..<16).reversed().map { UInt8(truncatingIfNeeded: option.value >> UInt128(8 * $0)) }
    }

    /// The most gas that a chain transaction takes which moves coins and carries the note (EIP-7623).
    var gas: UInt64 {
        let tokens = bytes.reduce(0) { $0 + ($1 == 0 ? 1 : 4) }
        return 21_000 + 10 * UInt64(tokens)
    }
}

extension EVMProvider {
    /// The option whose address has sent a chain transaction, as its note and its signature say; nil where they do not.
    func option(emptiedBy transaction: ChainTransaction) -> PaymentOptionID? {
        guard let note = GatheringNote(endOf: transaction.signed?.data ?? []), let sender = transaction.provenSender,
            let key = try? depositKey(of: note.option), EVMAddress(key.publicKey) == sender
        else { return nil }
        return note.option
    }
}
