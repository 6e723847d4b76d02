import Ledger
import Money
import Payments
import Providers
import Seams
import Storage

/// Records changes of a provider's account that are no payments.
extension ObservationRecorder {
    /// Books a movement of the provider's account, once.
    func book(
        _ movement: AccountMovement,
        for payments: [SentPayment] = [],
        naming foreign: String? = nil,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        let key = movement.naturalKey
        let isNew = try isNew(key, movement.kind.rawValue, movement.reason, in: session)
        guard try isNew || isUndoneMovement(key, in: session) else { return .repetition }
        var draft = try settlement.draft(about: [], at: now, in: session)
        let recorded = try MovementRules(provider: providerKey)
            .book(movement, for: payments, naming: foreign, in: &draft)
        return try settlement.applier(at: now, in: session).apply(draft.decided(recorded))
    }

    func undoMovement(
        _ key: NaturalKey,
        at moment: Timestamp,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        guard let booked = try movements(key, in: session).last, booked.kind == .movement else {
            return .repetition
        }
        var draft = try settlement.draft(about: [], at: now, in: session)
        let undone = UndoneMovement(
            key: key,
            booked: booked,
            lost: try settlement.lostSpends(of: key, at: providerKey, for: &draft, in: session),
            cases: try session.openCases(of: key)
        )
        try MovementRules(provider: providerKey).undo(undone, at: moment, in: &draft)
        try settlement.applier(at: now, in: session).apply(draft.decided())
        return .undone
    }

    /// Whether a movement was booked and taken back, so that it is new when it happens again.
    private func isUndoneMovement(_ key: NaturalKey, in session: any SQLSession) throws -> Bool {
        try movements(key, in: session).last?.kind == .movementUndone
    }

    /// The ledger transactions about a movement of the provider's account; another provider may use the same key.
    private func movements(_ key: NaturalKey, in session: any SQLSession) throws -> [LedgerTransaction] {
        let account = AccountID.providerReceivable(providerKey)
        return try session.ledgerTransactions(LedgerSubject(key)).filter { booked in
            booked.postings.contains { $0.account == account }
        }
    }
}
