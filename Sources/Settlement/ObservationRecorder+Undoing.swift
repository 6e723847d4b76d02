import Ledger
import Money
import Payments
import Providers
import Seams
import Storage

/// What becomes of what a rail takes back: ledger transactions are never changed, others undo them.
extension ObservationRecorder {
    func undo(_ key: NaturalKey, at moment: Timestamp, in session: any SQLSession) throws -> RecordedObservation {
        guard let payment = try session.payment(naturalKey: key, at: providerKey) else {
            if try undoSetAside(key, in: session) { return .undone }
            return try undoMovement(key, at: moment, in: session)
        }
        guard payment.state == .final else { return .repetition }
        let refunds = try session.refunds(of: payment.id)
        let reason = "the payment is no longer part of the chain"
        try settlement.callOff(refunds, because: reason, at: now, in: session)
        try reverse(payment, at: moment, in: session)
        try session.update(payment.id, state: .orphaned, classification: payment.classification)
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

    /// Whether a movement was booked and taken back, so that it is new when it happens again.
    func isUndoneMovement(_ key: NaturalKey, in session: any SQLSession) throws -> Bool {
        try movements(key, in: session).last?.kind == .movementUndone
    }

    /// What is booked about a movement of the provider's account; another provider may know another by the same key.
    private func movements(_ key: NaturalKey, in session: any SQLSession) throws -> [LedgerTransaction] {
        let account = AccountID.providerReceivable(providerKey)
        return try session.ledgerTransactions(subject: key.text).filter { booked in
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
        let postings = try booked.postings.map { Posting(account: $0.account, amount: try $0.amount.negated()) }
        try settlement.post(.movementUndone, subject: key.text, at: moment, postings, in: session)
        // What nobody could explain no longer needs it.
        for open in try session.openCases(of: key) {
            try settlement.close(open, .init(.superseded, at: now), in: session)
        }
        return .undone
    }

    /// Every account gets back what the payment did to it; what was already sent on to the customer is a loss.
    private func reverse(_ payment: Payment, at moment: Timestamp, in session: any SQLSession) throws {
        var sums: [AccountID: Amount] = [:]
        for posting in try session.ledgerTransactions(subject: payment.id.text).flatMap(\.postings) {
            let account = posting.account.isReserved ? .providerLosses : posting.account
            sums[account] = try (sums[account] ?? .zero(posting.amount.asset)).subtracting(posting.amount)
        }
        let postings = sums.filter { !$0.value.isZero }.sorted { $0.key < $1.key }.map { account, amount in
            Posting(account: account, amount: amount)
        }
        guard !postings.isEmpty else { return }
        try settlement.post(.paymentOrphaned, subject: payment.id.text, at: moment, postings, in: session)
    }

    private func takeBack(_ value: Amount, from invoice: Invoice, in session: any SQLSession) throws {
        var updated = invoice
        let action = try updated.status.apply(.undone(value: value))
        if updated.status.state != .settled { updated.settledAt = nil }
        try session.update(updated, from: invoice)
        guard action == .reopen else { return }
        if invoice.status.state == .settled { try returnToClearing(updated, in: session) }
        try settlement.announce(.reopened, updated, at: now, in: session)
    }

    /// What other payments of the invoice had earned waits again until the invoice is covered.
    private func returnToClearing(_ invoice: Invoice, in session: any SQLSession) throws {
        for payment in try session.payments(of: invoice.id) where payment.state == .final && payment.hasCounted {
            let booked = try session.ledgerTransactions(subject: payment.id.text)
            let earned = try PaymentPosition(booked, asset: payment.amount.asset).owed.filter(\.account.isEarned)
            guard !earned.isEmpty else { continue }
            let total = try Amount.sum(earned.map(\.amount), asset: payment.amount.asset)
            var postings = earned.map { Posting(account: $0.account, amount: $0.amount) }
            postings.append(Posting(account: .customerClearing(invoice.merchant), amount: try total.negated()))
            try settlement.post(.settlementUndone, subject: payment.id.text, at: now, postings, in: session)
            try session.update(payment.id, state: payment.state, classification: .partial)
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
