import Ledger
import Money
import Payments
import Providers
import Seams
import Storage

/// Undoes what a rail takes back: ledger transactions are never changed, others reverse them.
extension ObservationRecorder {
    func undo(_ key: NaturalKey, at moment: Timestamp, in session: any SQLSession) throws -> RecordedObservation {
        guard let payment = try session.payment(naturalKey: key, at: providerKey) else {
            try session.forgetUntracedChange(key, provider: providerKey)
            if try undoSetAside(key, in: session) { return .undone }
            return try undoMovement(key, at: moment, in: session)
        }
        guard payment.state == .final else { return .repetition }
        let refunds = try session.refunds(of: payment.id)
        let reason = "the payment is no longer part of the chain"
        try settlement.callOff(refunds, because: reason, at: now, in: session)
        try settlement.move(payment.id, at: now, in: session) {
            try reverse(payment, as: .paymentOrphaned, at: moment, in: session)
            try session.update(payment.id, state: .orphaned, classification: payment.classification)
        }
        for open in try session.cases(of: payment.id) where open.state == .open {
            try settlement.close(open, .init(.superseded, at: now), in: session)
        }
        try settlement.announceOrphaned(payment, at: now, in: session)
        try openCase(
            .orphaned,
            of: payment.merchant,
            invoice: payment.invoice,
            payment: payment.id,
            payment.amount,
            in: session
        )
        if payment.hasCounted, let value = payment.value, let invoice = try payment.invoice.flatMap(session.invoice) {
            try takeBack(value, from: invoice, in: session)
        }
        return .undone
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
        for open in try session.cases(of: stored.id) where open.state == .open {
            try settlement.close(open, .init(.superseded, at: now), in: session)
        }
        // It was paid when the chain first said so, in whichever block it is now.
        let first = try firstMoment(of: stored, in: session)
        let arrival = Arrival(
            id: stored.id,
            transfer: transfer,
            source: .providerReceivable(providerKey),
            stored: stored,
            madeAt: min(first ?? transfer.occurredAt, transfer.occurredAt)
        )
        let found = try match ?? assigned(stored, in: session)
        return try settlement.move(stored.id, at: now, in: session) {
            try receive(arrival, matching: found, in: session)
        }
    }

    /// The option that a person has assigned a payment to.
    private func assigned(_ payment: Payment, in session: any SQLSession) throws -> OptionMatch? {
        guard let invoice = payment.invoice,
            let option = try session.options(of: invoice).first(where: { $0.id == payment.option })
        else { return nil }
        return try session.option(option.reference, at: providerKey)
    }

    /// Whether a movement was booked and taken back, so that it is new when it happens again.
    func isUndoneMovement(_ key: NaturalKey, in session: any SQLSession) throws -> Bool {
        try movements(key, in: session).last?.kind == .movementUndone
    }

    /// The ledger transactions about a movement of the provider's account; another provider may use the same key.
    private func movements(_ key: NaturalKey, in session: any SQLSession) throws -> [LedgerTransaction] {
        let account = AccountID.providerReceivable(providerKey)
        return try session.ledgerTransactions(LedgerSubject(key)).filter { booked in
            booked.postings.contains { $0.account == account }
        }
    }

    private func undoMovement(
        _ key: NaturalKey,
        at moment: Timestamp,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        guard let booked = try movements(key, in: session).last, booked.kind == .movement else {
            return .repetition
        }
        try settlement.reverse(booked, as: .movementUndone, at: moment, in: session)
        try settlement.loseSpends(key, of: providerKey, at: now, in: session)
        // A movement that was undone needs no explanation any more.
        for open in try session.openCases(of: key) {
            try settlement.close(open, .init(.superseded, at: now), in: session)
        }
        return .undone
    }

    /// Reverses the ledger transactions of a payment; those of its refunds are reversed with the refunds.
    private func reverse(
        _ payment: Payment,
        as kind: LedgerTransaction.Kind,
        at moment: Timestamp,
        in session: any SQLSession
    ) throws {
        for booked in try session.ledgerTransactions(LedgerSubject(payment.id)).standing.reversed() {
            try settlement.reverse(booked, as: kind, at: moment, in: session)
        }
    }

    private func takeBack(_ value: Amount, from invoice: Invoice, in session: any SQLSession) throws {
        var updated = invoice
        let action = try updated.status.apply(.undone(value: value))
        if updated.status.state != .settled { updated.settledAt = nil }
        try session.update(&updated, from: invoice)
        guard action == .reopen else { return }
        if invoice.status.state == .settled { try returnToClearing(updated, in: session) }
        try settlement.announce(.reopened, updated, at: now, in: session)
        if invoice.status.state == .settled { try countRepeated(for: updated.id, in: session) }
    }

    /// Counts duplicate payments for an invoice that was reopened, the first one first, until it is settled again: the
    /// customer has paid, and nobody is to ask for the money once more.
    ///
    /// A payment that came after the invoice's time, or of which a refund takes something, stays with the merchant's case.
    private func countRepeated(for invoice: InvoiceID, in session: any SQLSession) throws {
        for payment in try session.payments(of: invoice) where payment.classification == .repeated {
            guard let current = try session.invoice(invoice), current.status.state.isPayable else { return }
            guard payment.state == .final, let first = try firstMoment(of: payment, in: session),
                let recorder = recorder(for: payment.provider),
                first <= current.expiresAt.advanced(by: recorder.graceAfterExpiry),
                try session.refunds(of: payment.id).allSatisfy({ !$0.status.state.holdsMoney }),
                let match = try recorder.assigned(payment, in: session)
            else { continue }
            for open in try session.cases(of: payment.id) where open.state == .open {
                try settlement.close(open, .init(.superseded, at: now), in: session)
            }
            try reverse(payment, as: .settlementUndone, at: now, in: session)
            let arrival = Arrival(
                id: payment.id,
                transfer: try recorder.transfer(of: payment, for: match.option, in: session),
                source: .providerReceivable(payment.provider),
                stored: payment,
                madeAt: first
            )
            _ = try recorder.receive(arrival, for: match, in: session)
        }
    }

    /// The same for payments of another provider; nil when it is not configured any more.
    private func recorder(for provider: String) -> Self? {
        settlement.providers.provider(provider).map { provider in
            Self(settlement: settlement, provider: provider, now: now, isChronological: false)
        }
    }

    /// When the rail first had a payment, in whichever block it is now.
    private func firstMoment(of payment: Payment, in session: any SQLSession) throws -> Timestamp? {
        try session.ledgerTransactions(LedgerSubject(payment.id)).map(\.occurredAt).min()
    }

    /// Returns the invoice's other payments, also their surplus, to clearing until the invoice is covered again.
    private func returnToClearing(_ invoice: Invoice, in session: any SQLSession) throws {
        for payment in try session.payments(of: invoice.id) where payment.state == .final && payment.hasCounted {
            let postings = try Bookkeeping.move(
                payment.amount,
                from: .providerReceivable(payment.provider),
                to: .customerClearing(invoice.merchant)
            )
            let (id, moment) = (payment.id, payment.occurredAt)
            try settlement.move(id, at: now, in: session) {
                try reverse(payment, as: .settlementUndone, at: now, in: session)
                try settlement.post(.paymentHeld, of: .payment(payment), at: moment, postings, in: session)
                try session.update(id, state: payment.state, classification: .partial)
            }
            // The surplus of a payment counts towards what is owed again.
            for open in try session.cases(of: id) where open.state == .open {
                try settlement.close(open, .init(.superseded, at: now), in: session)
            }
        }
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
