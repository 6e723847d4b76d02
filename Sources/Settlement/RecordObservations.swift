import Ledger
import Money
public import Payments
public import Providers
public import Seams
import Storage

/// What became of an observation.
public enum RecordedObservation: Hashable, Sendable {
    /// It is a payment, booked as its classification says.
    case payment(PaymentID, Payment.Classification)
    /// It is no payment, and booked.
    case booked
    /// It has no effect on the books.
    case ignored
    /// It was recorded before.
    case repetition
    /// It can still be undone, and will be observed again.
    case notFinal
}

extension Settlement {
    /// Records a page of an account's history and moves the scan cursor, in one unit of work.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/conflict`` when the cursor is no longer where the page
    ///   began: somebody else has recorded it, and nothing is recorded twice.
    /// - Returns: what became of each observation, in the page's order.
    @discardableResult
    public func record(
        _ page: ScanPage,
        of account: ScanAccount,
        at provider: any PaymentProvider,
        after position: String?
    ) async throws -> [RecordedObservation] {
        let recorder = ObservationRecorder(
            settlement: self,
            provider: provider,
            now: clock.now(),
            isChronological: true
        )
        try faults.pass(.beforeRecording)
        let recorded = try await database.write { session in
            let recorded = try page.observations.map { try recorder.record($0, in: session) }
            if let next = page.position {
                let moved = try session.advanceScan(
                    provider: recorder.providerKey,
                    account: account.account,
                    subject: account.subject,
                    from: position,
                    to: next,
                    completeUntil: page.completeUntil,
                    at: recorder.now
                )
                guard moved else { throw SettlementError(.conflict, "the scan cursor of \(account.account) has moved") }
            }
            return recorded
        }
        try faults.pass(.afterRecording)
        return recorded
    }

    /// Records one observation that a rail pushed.
    ///
    /// - Throws: what the database throws; nothing is recorded then.
    /// - Returns: what became of it.
    @discardableResult
    public func record(_ observation: Observation, at provider: any PaymentProvider) async throws -> RecordedObservation
    {
        let recorder = ObservationRecorder(
            settlement: self,
            provider: provider,
            now: clock.now(),
            isChronological: false
        )
        try faults.pass(.beforeRecording)
        let recorded = try await database.write { try recorder.record(observation, in: $0) }
        try faults.pass(.afterRecording)
        return recorded
    }
}

/// Records observations of one provider within units of work.
struct ObservationRecorder: Sendable {
    let settlement: Settlement
    let providerKey: String
    let rail: Rail
    let graceAfterExpiry: Duration
    let now: Timestamp
    /// Whether what happened earlier has been recorded earlier; what is pushed may overtake.
    let isChronological: Bool

    init(settlement: Settlement, provider: any PaymentProvider, now: Timestamp, isChronological: Bool) {
        self.isChronological = isChronological
        self.settlement = settlement
        providerKey = provider.key
        rail = provider.rail
        graceAfterExpiry = provider.capabilities.graceAfterExpiry
        self.now = now
    }

    func record(_ observation: Observation, in session: any SQLSession) throws -> RecordedObservation {
        switch observation {
        case .incoming(let transfer):
            guard transfer.finality == .final else { return .notFinal }
            let id: PaymentID = settlement.identifiers.next()
            guard try isNew(transfer.naturalKey, "incoming", id.text, in: session) else { return .repetition }
            return try receive(Arrival(id: id, transfer: transfer), in: session)
        case .movement(let movement):
            return try book(movement, in: session)
        case .sent(let sent):
            if try session.outgoing(hash: sent.hash) != nil {
                let note = "booked with the transfer \(sent.hash)"
                return try isNew(sent.naturalKey, "sent", note, in: session) ? .ignored : .repetition
            }
            return try book(sent.movement, in: session)
        case .refunded(let key, let payment, let amount, let moment):
            return try recordRefund(key, of: payment, amount, at: moment, in: session)
        case .ignored(let key, let reason):
            return try isNew(key, "ignored", reason, in: session) ? .ignored : .repetition
        }
    }

    private func recordRefund(
        _ key: NaturalKey,
        of paymentKey: NaturalKey,
        _ amount: Amount,
        at moment: Timestamp,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        if let payment = try session.payment(naturalKey: paymentKey) {
            guard try isNew(key, "refunded", paymentKey.text, in: session) else { return .repetition }
            try settlement.recordRailRefund(amount, of: payment, at: now, in: session)
            return .booked
        }
        guard isChronological else {
            throw SettlementError(.conflict, "the payment that was returned has not been recorded yet")
        }
        let reason = "the rail returned a payment that is not known"
        return try book(
            AccountMovement(
                naturalKey: key,
                kind: .takenBack,
                amount: amount.negated(),
                reason: reason,
                occurredAt: moment
            ),
            in: session
        )
    }

    func isNew(_ key: NaturalKey, _ kind: String, _ note: String, in session: any SQLSession) throws -> Bool {
        try session.observe(key, provider: providerKey, kind: kind, note: note, at: now)
    }

    private func book(_ movement: AccountMovement, in session: any SQLSession) throws -> RecordedObservation {
        let key = movement.naturalKey
        guard try isNew(key, movement.kind.rawValue, movement.reason, in: session) else { return .repetition }
        guard !movement.amount.isZero else { return .ignored }
        try settlement.post(
            .movement,
            subject: key.text,
            at: movement.occurredAt,
            Bookkeeping.movement(movement, at: providerKey),
            in: session
        )
        if movement.kind == .unexplained || movement.kind == .takenBack {
            try openCase(.unmatched, of: nil, invoice: nil, payment: nil, movement.amount, in: session)
        }
        return .booked
    }
}
