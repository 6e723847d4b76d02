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
        let recorder = ObservationRecorder(settlement: self, provider: provider, now: clock.now())
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
        let recorder = ObservationRecorder(settlement: self, provider: provider, now: clock.now())
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

    init(settlement: Settlement, provider: any PaymentProvider, now: Timestamp) {
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
            guard try isNew(transfer.naturalKey, "incoming", "", in: session) else { return .repetition }
            return try receive(transfer, in: session)
        case .movement(let movement):
            return try book(movement, in: session)
        case .sent(let sent):
            if try session.outgoing(hash: sent.hash) != nil {
                let note = "booked with the transfer \(sent.hash)"
                return try isNew(sent.naturalKey, "sent", note, in: session) ? .ignored : .repetition
            }
            return try book(sent.movement, in: session)
        case .ignored(let key, let reason):
            return try isNew(key, "ignored", reason, in: session) ? .ignored : .repetition
        }
    }

    private func isNew(_ key: NaturalKey, _ kind: String, _ note: String, in session: any SQLSession) throws -> Bool {
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

    // MARK: - Payments

    private func receive(_ transfer: IncomingTransfer, in session: any SQLSession) throws -> RecordedObservation {
        guard let reference = transfer.reference, let match = try session.option(reference) else {
            return try keep(transfer, .unmatched, for: nil, onto: .suspense(providerKey), in: session)
        }
        let (option, invoice) = match
        let context = Match(option: option, invoice: invoice)
        guard transfer.amount.asset == option.due.asset else {
            return try keep(transfer, .wrongAsset, for: context, onto: .wrongAsset(invoice.merchant), in: session)
        }
        let value = try countedValue(of: transfer, option: option, invoice: invoice)
        var updated = invoice
        let deadline = invoice.expiresAt.advanced(by: graceAfterExpiry)
        let action = try updated.status.apply(.received(value: value, isInTime: transfer.occurredAt <= deadline))
        if case .settle = action { updated.settledAt = now }
        guard try session.update(updated, from: invoice) else {
            throw SettlementError(.conflict, "the invoice \(invoice.id) has changed meanwhile")
        }
        let result = try follow(action, transfer, value: value, Match(option: option, invoice: updated), in: session)
        try settlement.announceProgress(from: invoice, to: updated, at: now, in: session)
        return result
    }

    /// What the transfer is worth for the invoice; a tip is earned, but pays nothing that is owed.
    private func countedValue(of transfer: IncomingTransfer, option: PaymentOption, invoice: Invoice) throws -> Amount {
        let value = try option.value(of: transfer.amount)
        let remaining = try invoice.status.remaining
        guard transfer.extrasAreEarned, remaining.isPositive else { return value }
        return try value.subtracting(remaining).isPositive ? remaining : value
    }

    private struct Match {
        let option: PaymentOption
        let invoice: Invoice
        var merchant: MerchantID { invoice.merchant }
    }

    private func follow(
        _ action: InvoiceStateMachine.Action,
        _ transfer: IncomingTransfer,
        value: Amount,
        _ match: Match,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        let merchant = match.merchant
        switch action {
        case .hold:
            return try keep(transfer, .partial, for: match, onto: .customerClearing(merchant), value, in: session)
        case .settle(let excess):
            return try settle(transfer, value: value, excess: excess, match, in: session)
        case .openLate:
            return try keep(transfer, .late, for: match, onto: .latePayments(merchant), value, in: session)
        case .openRepeated:
            return try keep(transfer, .repeated, for: match, onto: .repeatedPayments(merchant), value, in: session)
        case .openUnderpaid, .announceExpired, .announceCancelled, .none:
            throw SettlementError(.invalidState, "a payment cannot lead to \(action)")
        }
    }

    /// A payment that settles nothing by itself: it waits on an account that says why.
    private func keep(
        _ transfer: IncomingTransfer,
        _ classification: Payment.Classification,
        for match: Match?,
        onto holding: AccountID,
        _ value: Amount? = nil,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        let payment = makePayment(transfer, classification, for: match, value: value)
        try session.insert(payment)
        let postings = try Bookkeeping.receive(transfer.amount, from: providerKey, onto: holding)
        try post(.paymentHeld, payment.id, at: transfer.occurredAt, postings, in: session)
        try settlement.announce(payment, at: now, in: session)
        if let reason = ExceptionCase.Reason(classification) {
            let invoice = match?.invoice.id
            try openCase(
                reason,
                of: match?.merchant,
                invoice: invoice,
                payment: payment.id,
                transfer.amount,
                in: session
            )
        }
        return .payment(payment.id, classification)
    }

    private func settle(
        _ transfer: IncomingTransfer,
        value: Amount,
        excess: Amount,
        _ match: Match,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        let merchant = match.merchant
        let needed = try match.option.cost(of: value.subtracting(excess))
        let rest = try transfer.amount.subtracting(needed)
        let surplus = rest.isPositive && !transfer.extrasAreEarned ? rest : .zero(rest.asset)
        let payment = makePayment(transfer, surplus.isZero ? .exact : .over, for: match, value: value)
        let held = try session.payments(of: match.invoice.id).filter { $0.classification == .partial }
        try session.insert(payment)
        let books = Bookkeeping(feeBasisPoints: try session.merchant(merchant)?.feeBasisPoints ?? 0)
        // Each payment has a ledger transaction of its own, so that a refund finds where its money is.
        let source = AccountID.providerReceivable(providerKey)
        let earned = try books.settle(transfer.amount, excess: surplus, from: source, to: merchant)
        try post(.invoiceSettled, payment.id, at: transfer.occurredAt, earned, in: session)
        for part in held {
            let nothing = Amount.zero(part.amount.asset)
            let rest = try books.settle(part.amount, excess: nothing, from: .customerClearing(merchant), to: merchant)
            try post(.invoiceSettled, part.id, at: transfer.occurredAt, rest, in: session)
        }
        try settlement.announce(payment, at: now, in: session)
        if !surplus.isZero {
            let invoice = match.invoice.id
            try openCase(.overpaid, of: merchant, invoice: invoice, payment: payment.id, surplus, in: session)
        }
        return .payment(payment.id, payment.classification)
    }

    private func post(
        _ kind: LedgerTransaction.Kind,
        _ payment: PaymentID,
        at moment: Timestamp,
        _ postings: [Posting],
        in session: any SQLSession
    ) throws {
        try settlement.post(kind, subject: payment.text, at: moment, postings, in: session)
    }

    private func makePayment(
        _ transfer: IncomingTransfer,
        _ classification: Payment.Classification,
        for match: Match?,
        value: Amount?
    ) -> Payment {
        Payment(
            id: settlement.identifiers.next(),
            invoice: match?.invoice.id,
            option: match?.option.id,
            merchant: match?.merchant,
            rail: rail,
            provider: providerKey,
            naturalKey: transfer.naturalKey,
            amount: transfer.amount,
            value: value,
            classification: classification,
            payer: transfer.payer,
            refundTarget: transfer.refundTarget,
            evidence: transfer.evidence,
            state: .final,
            occurredAt: transfer.occurredAt,
            recordedAt: now,
            availableAt: transfer.availableAt
        )
    }

    private func openCase(
        _ reason: ExceptionCase.Reason,
        of merchant: MerchantID?,
        invoice: InvoiceID?,
        payment: PaymentID?,
        _ amount: Amount,
        in session: any SQLSession
    ) throws {
        try settlement.open(
            ExceptionCase(
                id: settlement.identifiers.next(),
                reason: reason,
                merchant: merchant,
                invoice: invoice,
                payment: payment,
                amount: amount,
                state: .open,
                openedAt: now
            ),
            in: session
        )
    }
}

extension ExceptionCase.Reason {
    fileprivate init?(_ classification: Payment.Classification) {
        switch classification {
        case .late: self = .late
        case .repeated: self = .repeated
        case .unmatched: self = .unmatched
        case .wrongAsset: self = .wrongAsset
        // An overpayment opens its case for the surplus only, an underpayment when the invoice's time is over.
        case .exact, .partial, .over: return nil
        }
    }
}
