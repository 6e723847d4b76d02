import Ledger
import Money
import Payments
import Providers
import Seams
import Storage

/// A decision in the making: what was read, as the changes so far leave it.
///
/// Rules add changes to it and look at what they lead to, without a database: no rule reads between two changes.
struct Draft {
    var planner: LedgerPlanner
    private(set) var changes: [Change] = []
    private(set) var payments: [PaymentID: BookedPayment] = [:]
    private(set) var payouts: [String: BookedTransfer] = [:]
    private(set) var invoices: [InvoiceID: Invoice] = [:]

    /// A draft about nothing yet.
    init(_ planner: LedgerPlanner) { self.planner = planner }

    /// The moment of the decision, by our clock.
    var now: Timestamp { planner.now }

    /// The decision to change what was added before `result` was known.
    func decided<Result>(_ result: Result) -> Decision<Result> { Decision(result: result, changes: changes) }

    /// The decision to change what was added, without a result.
    func decided() -> Decision<Void> { decided(()) }

    /// Adds a change that no other one depends on.
    mutating func add(_ change: Change) { changes.append(change) }

    // MARK: - What was read

    /// Takes in a payment as it was read, unless the draft has a later state of it.
    mutating func include(_ read: BookedPayment) {
        if payments[read.payment.id] == nil { payments[read.payment.id] = read }
    }

    /// Takes in a payout as it was read, unless the draft has a later state of it.
    mutating func include(_ read: BookedTransfer) {
        guard case .payout(let id) = read.transfer.purpose, payouts[id.text] == nil else { return }
        payouts[id.text] = read
    }

    /// Takes in an invoice as it was read, unless the draft has a later state of it.
    mutating func include(_ read: Invoice) {
        if invoices[read.id] == nil { invoices[read.id] = read }
    }

    /// A refund or payout with its ledger transactions; nil when it was not read.
    func transfer(_ purpose: OutgoingTransfer.Purpose) -> BookedTransfer? {
        switch purpose {
        case .refund(_, let payment): payments[payment]?.refunds.first { $0.transfer.purpose == purpose }
        case .payout(let id): payouts[id.text]
        }
    }

    // MARK: - Orders

    /// Opens an invoice with the one way to pay it.
    mutating func open(_ invoice: Invoice, with option: PaymentOption) {
        invoices[invoice.id] = invoice
        changes.append(.order(.opened(invoice, option)))
    }

    /// Changes an invoice.
    ///
    /// - Returns: the invoice as it is then, with its version.
    @discardableResult
    mutating func update(_ updated: Invoice, from old: Invoice) -> Invoice {
        var updated = updated
        updated.version = old.version + 1
        invoices[updated.id] = updated
        changes.append(.order(.invoice(updated, from: old)))
        return updated
    }

    // MARK: - Payments

    /// Stores a payment, instead of an earlier state of it when there is one.
    mutating func store(_ payment: Payment, replacing stored: Payment?, told: PersonalData?) {
        if payments[payment.id] == nil { payments[payment.id] = BookedPayment(payment: payment) }
        payments[payment.id]?.payment = payment
        changes.append(.payment(.stored(payment, replacing: stored, told: told)))
    }

    /// Has a payment stand otherwise, or relate otherwise to its invoice.
    mutating func setState(of id: PaymentID, to state: Payment.State, _ classification: Payment.Classification) {
        guard var payment = payments[id]?.payment else { return }
        payment.state = state
        payment.classification = classification
        payment.version += 1
        payments[id]?.payment = payment
        changes.append(.payment(.state(payment)))
    }

    // MARK: - Money

    /// Books a ledger transaction.
    ///
    /// - Throws: `LedgerError` when the postings do not balance.
    /// - Returns: the one in the merchant's book, or in the operator's when there is no merchant.
    @discardableResult
    mutating func post(
        _ kind: LedgerTransaction.Kind,
        of booking: Booking,
        at occurredAt: Timestamp,
        _ postings: [Posting]
    ) throws -> Identifier<LedgerTransactionKind>? {
        let made = try planner.transactions(kind, of: booking, at: occurredAt, postings)
        for transaction in made { book(transaction, of: booking.owner) }
        return made.last?.id
    }

    /// Reverses a ledger transaction: each account gets back what it gave, under the same subject.
    mutating func reverse(
        _ booked: LedgerTransaction,
        of owner: Booking.Owner,
        as kind: LedgerTransaction.Kind,
        at moment: Timestamp
    ) throws {
        book(try planner.reversal(of: booked, as: kind, at: moment), of: owner)
    }

    /// Reverses the ledger transactions of a payment, the last one first; those of its refunds are reversed with the
    /// refunds.
    mutating func reverse(_ payment: PaymentID, as kind: LedgerTransaction.Kind, at moment: Timestamp) throws {
        for booked in (payments[payment]?.booked ?? []).standing.reversed() {
            try reverse(booked, of: .payment(payment), as: kind, at: moment)
        }
    }

    private mutating func book(_ transaction: LedgerTransaction, of owner: Booking.Owner) {
        changes.append(.ledger(transaction))
        switch owner {
        case .payment(let id): payments[id]?.booked.append(transaction)
        case .transfer(let purpose): change(purpose) { $0.booked.append(transaction) }
        case .movement: break
        }
    }

    // MARK: - Transfers

    /// Stores a new refund or payout.
    mutating func store(_ transfer: OutgoingTransfer) {
        let booked = BookedTransfer(transfer: transfer)
        switch transfer.purpose {
        case .refund(_, let payment): payments[payment]?.refunds.append(booked)
        case .payout(let id): payouts[id.text] = booked
        }
        changes.append(.transfer(.stored(transfer)))
    }

    /// Changes a refund or payout; its version grows when it has changed.
    ///
    /// - Returns: the transfer as it is then.
    @discardableResult
    mutating func update(
        _ updated: OutgoingTransfer,
        from old: OutgoingTransfer,
        nextAttemptAt: Timestamp
    ) -> OutgoingTransfer {
        var updated = updated
        if updated != old { updated.version += 1 }
        changes.append(.transfer(.state(updated, from: old, nextAttemptAt: nextAttemptAt)))
        change(updated.purpose) { $0.transfer = updated }
        return updated
    }

    /// Notes the payment provider's own number of a refund that was made there.
    ///
    /// - Returns: the refund as it is then.
    @discardableResult
    mutating func number(_ refund: OutgoingTransfer, as number: String) -> OutgoingTransfer {
        var numbered = refund
        numbered.prepared = PreparedTransfer(bytes: [], hash: number, sequence: nil, validUntil: nil)
        numbered.version += 1
        changes.append(.transfer(.numbered(refund, as: number)))
        change(refund.purpose) { $0.transfer = numbered }
        return numbered
    }

    /// Notes which ledger transaction sets aside the money of a transfer.
    mutating func reserve(_ transfer: OutgoingTransfer, by id: Identifier<LedgerTransactionKind>) {
        change(transfer.purpose) { booked in booked.reservation = booked.booked.last { $0.id == id } }
        changes.append(.reserved(transfer, by: id))
    }

    private mutating func change(_ purpose: OutgoingTransfer.Purpose, by body: (inout BookedTransfer) -> Void) {
        switch purpose {
        case .refund(_, let payment):
            guard let index = payments[payment]?.refunds.firstIndex(where: { $0.transfer.purpose == purpose }),
                var refund = payments[payment]?.refunds[index]
            else { return }
            body(&refund)
            payments[payment]?.refunds[index] = refund
        case .payout(let id):
            guard var payout = payouts[id.text] else { return }
            body(&payout)
            payouts[id.text] = payout
        }
    }

    // MARK: - Cases

    /// Opens a case.
    mutating func open(_ opened: ExceptionCase) {
        if let payment = opened.payment { payments[payment]?.cases.append(opened) }
        changes.append(.exception(.opened(opened)))
    }

    /// Has another amount wait in an open case.
    mutating func update(_ known: ExceptionCase, amount: Amount) {
        changes.append(.exception(.amount(known.id, amount)))
        guard let payment = known.payment, let index = payments[payment]?.cases.firstIndex(where: { $0.id == known.id })
        else { return }
        payments[payment]?.cases[index].amount = amount
        payments[payment]?.cases[index].version += 1
    }

    /// Closes a case, unless the draft has closed it already.
    mutating func close(_ known: ExceptionCase, _ resolution: ExceptionCase.Resolution) {
        guard let payment = known.payment, payments[payment] != nil else {
            return changes.append(.exception(.closed(known, resolution)))
        }
        guard let index = payments[payment]?.cases.firstIndex(where: { $0.id == known.id }),
            let current = payments[payment]?.cases.remove(at: index)
        else { return }
        changes.append(.exception(.closed(current, resolution)))
    }

    /// Closes the open cases of a payment.
    mutating func closeCases(of payment: PaymentID, _ resolution: ExceptionCase.Resolution) {
        for open in payments[payment]?.cases ?? [] { close(open, resolution) }
    }

    // MARK: - Events

    /// Tells the merchant, or the operator.
    mutating func tell(_ news: News) { changes.append(.told(news)) }
}
