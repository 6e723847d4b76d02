import Ledger
import Money
import Payments
import Providers
import Records
import Seams
import Storage

/// Writes decisions within a unit of work.
///
/// Nothing else can write the ledger: no other part of the program makes a `LedgerWriter`.
struct Applier {
    private let settlement: Settlement
    private let now: Timestamp
    private let session: any SQLSession
    private let ledger: LedgerWriter

    /// The applier of the decisions of one moment.
    init(_ settlement: Settlement, at now: Timestamp, in session: any SQLSession) {
        self.settlement = settlement
        self.now = now
        self.session = session
        ledger = LedgerWriter(session)
    }

    /// Writes a decision.
    ///
    /// - Throws: what the database throws, and ``SettlementError`` with ``SettlementError/Code/conflict`` when something
    ///   has changed since it was read; nothing is changed then, because the unit of work ends.
    /// - Returns: the decision's result.
    @discardableResult
    func apply<Result>(_ decision: Decision<Result>) throws -> Result {
        for change in decision.changes { try apply(change) }
        return decision.result
    }

    private func apply(_ change: Change) throws {
        switch change {
        case .order(let change): try apply(change)
        case .payment(let change): try apply(change)
        case .ledger(let transaction): try book(transaction)
        case .reserved(let transfer, let id): try ledger.reserve(transfer.purpose.id, by: id)
        case .transfer(let change): try apply(change)
        case .exception(let change): try apply(change)
        case .wallet(let change): try apply(change)
        case .told(let news): try tell(news)
        }
    }

    /// Books on accounts of the chart only; the moment of booking is now.
    private func book(_ transaction: LedgerTransaction) throws {
        for posting in transaction.postings { try settlement.chart.validate(posting.account) }
        try ledger.post(transaction.posted(at: settlement.clock.now()))
    }

    private func apply(_ change: OrderChange) throws {
        switch change {
        case .renewedQuote(let option, let old, let merchant):
            guard try session.renew(option, from: old, of: merchant) else {
                throw SettlementError(.conflict, "the quote of \(old.id) was renewed meanwhile")
            }
        case .holding(let account, let option, let merchant):
            try session.insertHoldingAccount(
                provider: option.provider,
                account: account,
                option: option.id,
                of: merchant
            )
        case .opened(let invoice, let option):
            try session.insert(invoice)
            try session.insert(option, of: invoice.merchant)
        case .invoice(var invoice, let old): try session.update(&invoice, from: old)
        case .sale(let invoice): try settlement.noteSale(of: invoice, in: session)
        case .released(let invoice): try session.release(invoice)
        case .subscription(let id, let event, let moment):
            try settlement.advance(id, by: event, of: moment, at: now, in: session)
        }
    }

    private func apply(_ change: PaymentChange) throws {
        switch change {
        case .stored(let payment, let stored, let told):
            if let stored {
                try session.replace(payment, from: stored)
                try settlement.reseal(stored, for: payment.merchant, in: session)
            } else {
                try session.insert(payment)
            }
            try settlement.storePersonalData(told, of: payment, at: now, in: session)
        case .state(let payment):
            try session.update(payment.id, state: payment.state, classification: payment.classification)
        }
    }

    private func apply(_ change: TransferChange) throws {
        switch change {
        case .stored(let transfer): try session.insert(transfer)
        case .state(let updated, let old, let next):
            guard try session.update(updated, from: old.status.state, lane: nil, nextAttemptAt: next) else {
                throw SettlementError(.conflict, "the transfer \(old.purpose.id) has changed meanwhile")
            }
        case .numbered(let transfer, let number): try session.setElsewhere(number, of: transfer.purpose.id)
        }
    }

    private func apply(_ change: CaseChange) throws {
        switch change {
        case .opened(let opened): try settlement.open(opened, in: session)
        case .amount(let id, let amount): try session.update(id, amount: amount)
        case .closed(let closed, let resolution): try settlement.close(closed, resolution, in: session)
        }
    }

    private func apply(_ change: WalletChange) throws {
        switch change {
        case .held(let wallet, let provider, let sentence):
            try settlement.hold(wallet, of: provider, .spent, sentence, at: now, in: session)
        case .forgotNumbers(let wallet, let provider, let number):
            try session.forget(wallet, of: provider, from: number)
        case .vanished(let key): try session.vanish(key, at: now)
        case .assigned(let spend, let transfer):
            guard try session.assign(spend, to: transfer.purpose.id) else {
                let reason = "it was assigned to another transfer before, or is no longer in the chain"
                throw SettlementError(.invalidState, reason, parameter: "spend")
            }
        case .unassigned(let spend): try session.unassign(spend)
        case .forgotReview(let transfer): try session.forgetReview(of: transfer.purpose.id)
        }
    }

    private func tell(_ news: News) throws {
        switch news {
        case .payment(let payment): try settlement.announce(payment, at: now, in: session)
        case .orphaned(let payment): try settlement.announceOrphaned(payment, at: now, in: session)
        case .invoice(let event, let invoice): try settlement.announce(event, invoice, at: now, in: session)
        case .progress(let found, let invoice):
            let moved = try InvoiceWithOptions(found, now: invoice, in: session)
            try settlement.announceProgress(of: moved, at: now, in: session)
        case .transfer(let event, let transfer): try settlement.announce(event, transfer, at: now, in: session)
        }
    }
}

extension Settlement {
    /// The applier of the decisions of one moment, within a unit of work.
    func applier(at now: Timestamp, in session: any SQLSession) -> Applier { Applier(self, at: now, in: session) }
}
