import Ledger
import Money
import Payments
import Providers
import Seams

/// Decides what a change of a provider's account that is no payment changes.
struct MovementRules {
    let provider: String

    /// Books a movement; one that is unexplained or was taken back opens a case.
    ///
    /// `foreign` is the finding when the movement names something of another provider.
    func book(
        _ movement: AccountMovement,
        for payments: [SentPayment],
        naming foreign: String?,
        in draft: inout Draft
    ) throws -> RecordedObservation {
        guard !movement.amount.isZero else { return .ignored }
        let key = movement.naturalKey
        let postings = try Bookkeeping.movement(movement, at: provider)
        try draft.post(.movement, of: .movement(key, at: provider), at: movement.occurredAt, postings)
        if movement.kind == .unexplained || movement.kind == .takenBack {
            draft.open(
                ExceptionCase(
                    id: draft.planner.identifiers.next(),
                    reason: foreign == nil ? .unmatched : .foreignReference,
                    merchant: nil,
                    invoice: nil,
                    payment: nil,
                    movement: key,
                    evidence: evidence(of: movement, for: payments),
                    amount: movement.amount,
                    openedAt: draft.now,
                    detail: foreign
                )
            )
        }
        return .booked
    }

    /// The evidence by which a person finds a movement on the rail.
    private func evidence(of movement: AccountMovement, for payments: [SentPayment]) -> MovementEvidence {
        MovementEvidence(
            provider: provider,
            place: movement.place,
            reason: movement.reason,
            receivers: payments.map { .init(destination: $0.destination, amount: $0.amount) },
            occurredAt: movement.occurredAt
        )
    }

    /// Takes a movement back, with what a person had found in it; it needs no explanation any more.
    func undo(_ undone: UndoneMovement, at moment: Timestamp, in draft: inout Draft) throws {
        try draft.reverse(undone.booked, of: .movement, as: .movementUndone, at: moment)
        for lost in undone.lost { try draft.lose(lost) }
        draft.add(.wallet(.vanished(undone.key)))
        for open in undone.cases { draft.close(open, .init(.superseded, at: draft.now)) }
    }
}

/// What was read about a movement that a rail takes back.
struct UndoneMovement {
    let key: NaturalKey
    /// The ledger transaction that books it.
    let booked: LedgerTransaction
    /// Its spends that a person had said to be transfers of ours.
    let lost: [LostSpend]
    /// The open cases about it.
    let cases: [ExceptionCase]
}
