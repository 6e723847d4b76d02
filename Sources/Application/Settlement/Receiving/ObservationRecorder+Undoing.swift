import Ledger
import Money
import Payments
import Providers
import Seams
import Storage

/// Records what a rail takes back, and what comes back.
extension ObservationRecorder {
    func undo(_ key: NaturalKey, at moment: Timestamp, in session: any SQLSession) throws -> RecordedObservation {
        guard let payment = try session.payment(naturalKey: key, at: providerKey) else {
            try session.forgetUntracedChange(key, provider: providerKey)
            if try undoSetAside(key, in: session) { return .undone }
            return try undoMovement(key, at: moment, in: session)
        }
        guard payment.state == .final else { return .repetition }
        let snapshot = try read(undone: payment, in: session)
        var draft = try settlement.draft(about: snapshot.payment.merchants, at: now, in: session)
        try UndoRules(snapshot: snapshot, moment: moment).undo(in: &draft)
        try settlement.applier(at: now, in: session).apply(draft.decided())
        return .undone
    }

    /// Reads what the decision about a payment that is taken back depends on.
    private func read(undone payment: Payment, in session: any SQLSession) throws -> UndoSnapshot {
        var snapshot = UndoSnapshot(payment: try BookedPayment(payment, in: session))
        guard payment.hasCounted, payment.value != nil, let invoice = try payment.invoice.flatMap(session.invoice)
        else {
            return snapshot
        }
        snapshot.invoice = invoice
        guard invoice.status.state == .settled else { return snapshot }
        for other in try session.payments(of: invoice.id) where other.id != payment.id && other.state == .final {
            if other.hasCounted {
                snapshot.others.append(try BookedPayment(other, in: session))
            } else if other.classification == .repeated, let found = try duplicate(other, in: session) {
                snapshot.duplicates.append(found)
            }
        }
        snapshot.orphans = try orphans(of: invoice.id, in: session)
        return snapshot
    }

    /// A duplicate as if it came now; nil when its provider is not configured any more.
    private func duplicate(_ payment: Payment, in session: any SQLSession) throws -> Duplicate? {
        let booked = try BookedPayment(payment, in: session)
        guard let first = booked.firstMoment, let provider = settlement.providers.provider(payment.provider) else {
            return nil
        }
        let recorder = Self(settlement: settlement, provider: provider, now: now, isChronological: false)
        guard let match = try recorder.assigned(payment, in: session) else { return nil }
        let arrival = Arrival(
            id: payment.id,
            transfer: try recorder.transfer(of: payment, for: match.option, in: session),
            source: .providerReceivable(payment.provider),
            stored: payment,
            madeAt: first
        )
        return Duplicate(
            payment: booked,
            arrival: arrival,
            snapshot: try recorder.read(match, paidAt: first, in: session),
            rules: recorder.rules
        )
    }

    /// Records a payment that was undone and comes back as the same payment, with its refunds.
    ///
    /// It counts as if it came now, and a customer who was refunded is not refunded twice.
    ///
    /// Only a history that is read in order can turn back: a payment that is pushed again is a repetition.
    func recordReturn(
        of transfer: IncomingTransfer,
        matching match: OptionMatch?,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        guard isChronological, let stored = try session.payment(naturalKey: transfer.naturalKey, at: providerKey),
            stored.state == .orphaned
        else { return .repetition }
        return try bring(stored, back: transfer, matching: match, in: session)
    }

    /// Counts a payment that was taken back, and is there again as a transfer tells of it.
    func bring(
        _ stored: Payment,
        back transfer: IncomingTransfer,
        matching match: OptionMatch?,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        // It was paid when the chain first said so, in whichever block it is now.
        let first = try session.ledgerTransactions(LedgerSubject(stored.id)).map(\.occurredAt).min()
        let arrival = Arrival(
            id: stored.id,
            transfer: transfer,
            source: .providerReceivable(providerKey),
            stored: stored,
            madeAt: min(first ?? transfer.occurredAt, transfer.occurredAt)
        )
        let found = try match ?? assigned(stored, in: session)
        return try decide(about: arrival, matching: found, in: session) { target, draft in
            try rules.bringBack(arrival, for: target, in: &draft)
        }
    }

    /// The option that a person has assigned a payment to.
    private func assigned(_ payment: Payment, in session: any SQLSession) throws -> OptionMatch? {
        guard let invoice = payment.invoice,
            let option = try session.options(of: invoice).first(where: { $0.id == payment.option })
        else { return nil }
        return try session.option(option.reference, at: providerKey)
    }
}

extension Payment {
    /// Whether it covers a part of what its invoice owes.
    fileprivate var hasCounted: Bool {
        switch classification {
        case .exact, .partial, .over: true
        case .late, .repeated, .unmatched, .wrongAsset: false
        }
    }
}
