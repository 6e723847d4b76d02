package import Ledger
package import Payments
import Records
import Seams

/// The subjects of ledger transactions, by the gateway's identifiers.
extension LedgerSubject {
    /// A payment.
    package init(_ id: PaymentID) { self.init(.payment, id.text) }
    /// A movement of a provider's account.
    package init(_ key: NaturalKey) { self.init(.movement, key.text) }

    /// A refund or payout.
    package init(_ purpose: OutgoingTransfer.Purpose) {
        switch purpose {
        case .refund(let id, _): self.init(.refund, id.text)
        case .payout(let id): self.init(.payout, id.text)
        }
    }

    /// The identifier as it is stored; null for a movement.
    var id: SQLValue {
        switch kind {
        case .payment: SQLValue.identifier(key, of: PaymentKind.self) ?? .blob([])
        case .refund: SQLValue.identifier(key, of: RefundKind.self) ?? .blob([])
        case .payout: SQLValue.identifier(key, of: PayoutKind.self) ?? .blob([])
        case .movement: .null
        }
    }

    /// The natural key of a movement; null for anything else.
    var movement: SQLValue { kind == .movement ? .text(key) : .null }
}

extension SQLRow {
    /// A subject in three columns: the kind, the identifier and the natural key.
    mutating func subject() throws(StorageError) -> LedgerSubject {
        let (kind, bytes, movement) = (
            try code(LedgerSubject.Kind.self), try optionalBlob(), try optionalText()
        )
        let key: String? =
            switch kind {
            case .payment: PaymentID(bytes: bytes ?? [])?.text
            case .refund: RefundID(bytes: bytes ?? [])?.text
            case .payout: PayoutID(bytes: bytes ?? [])?.text
            case .movement: movement
            }
        guard let key else { throw .corrupt("a ledger transaction has no subject that is a \(kind.rawValue)") }
        return LedgerSubject(kind, key)
    }
}
