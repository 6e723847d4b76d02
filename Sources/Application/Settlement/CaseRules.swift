import Ledger
import Money
import Payments
import Seams

/// Decides what a person's decision about a case changes, from what was read.
struct CaseRules {
    let subject: ExceptionCase
    /// Who decides.
    let merchant: MerchantID
    /// Why, in the person's words.
    let note: String?
    /// The payment that the case is about; nil when it is about none.
    var payment: BookedPayment?
    /// The fee of the merchant who decides.
    var feeBasisPoints = 0
    /// The invoice that an acceptance settles; nil when it settles none.
    var invoice: Invoice?
    /// The other cases about parts of that invoice's price, with their payments.
    var parts: [(known: ExceptionCase, payment: BookedPayment?)] = []
    /// Whether the case is about a wallet that is held still.
    var isWalletHeld = false

    init(subject: ExceptionCase, merchant: MerchantID, note: String?) {
        self.subject = subject
        self.merchant = merchant
        self.note = note
    }

    /// Whether an acceptance settles the invoice: as the person wishes, or else for underpaid and late cases.
    func settles(_ wish: Bool?) -> Bool { wish ?? [.underpaid, .late].contains(subject.reason) }

    /// Gives the merchant the money that waits, less the gateway's fee, and settles the invoice when that is wished.
    ///
    /// A merchant who accepts less than the price accepts all parts of it.
    func accept(_ wish: Bool?, in draft: inout Draft) throws {
        guard subject.merchant != nil || subject.reason == .unreadable else {
            throw SettlementError(.unsupported, "the money is nobody's yet: assign it to an invoice, or refund it")
        }
        try credit(subject, payment, in: &draft)
        guard settles(wish), let invoice else { return }
        for part in parts { try credit(part.known, part.payment, in: &draft) }
        var updated = invoice
        let action: InvoiceStateMachine.Action
        do throws(PaymentsError) { action = try updated.status.apply(.accepted) } catch { throw SettlementError(error) }
        guard action == .announceSettled else { return }
        updated.settledAt = draft.now
        updated = draft.update(updated, from: invoice)
        draft.tell(.invoice(.settled, updated))
        // The accepted payment begins the subscription: the rail has begun it when it was paid.
        guard let subscription = updated.subscription else { return }
        let payment = try standingPayment().payment
        let began = SubscriptionStatus.Event.paid(
            payer: payment.payer,
            charge: payment.refundTarget,
            until: payment.occurredAt.advanced(by: Subscription.period)
        )
        draft.add(.order(.subscription(subscription, began, of: payment.occurredAt)))
    }

    private func credit(_ known: ExceptionCase, _ read: BookedPayment?, in draft: inout Draft) throws {
        let booked = try Self.standing(read, in: known)
        draft.include(booked)
        let waiting = try draft.payments[booked.payment.id]?.position.waiting ?? []
        guard !waiting.isEmpty else { throw Self.nothingWaits }
        let books = Bookkeeping(feeBasisPoints: feeBasisPoints)
        for (account, amount) in waiting {
            let postings = try books.settle(amount, excess: .zero(amount.asset), from: account, to: merchant)
            try draft.post(.caseAccepted, of: .payment(booked.payment), at: draft.now, postings)
        }
        close(known, .accepted, in: &draft)
    }

    /// Closes the case, when no money waits in it.
    func dismiss(in draft: inout Draft) throws {
        if let payment, payment.payment.state == .final, try payment.waiting.isPositive {
            throw SettlementError(.invalidState, "money waits: accept it or refund it")
        }
        guard !isWalletHeld else {
            let reason = "the wallet is held: look at what has left, decide, and resume it; that closes the case"
            throw SettlementError(.invalidState, reason)
        }
        close(subject, .dismissed, in: &draft)
    }

    /// The payment, if it may be assigned to an invoice as a whole.
    func assignablePayment() throws -> Payment {
        let booked = try standingPayment()
        guard [.unmatched, .foreignReference].contains(subject.reason) else {
            throw SettlementError(.unsupported, "the payment belongs to an invoice already: accept or refund it")
        }
        guard try booked.waiting == booked.payment.amount else {
            throw SettlementError(.invalidState, "a part of the payment was returned: refund the rest")
        }
        return booked.payment
    }

    /// How much of the payment waits.
    func waitingMoney() throws -> Amount {
        let waiting = try standingPayment().waiting
        guard waiting.isPositive else { throw Self.nothingWaits }
        return waiting
    }

    /// The payment, if there is one and the rail has not taken it back.
    func standingPayment() throws -> BookedPayment { try Self.standing(payment, in: subject) }

    private static func standing(_ read: BookedPayment?, in known: ExceptionCase) throws -> BookedPayment {
        guard known.reason != .unreadable else {
            let reason = "nothing is booked that could be given to anybody; look at the rail, then dismiss the case"
            throw SettlementError(.unsupported, reason)
        }
        guard let read, read.payment.state == .final else {
            let place = known.evidence?.sought ?? known.movement?.text
            let subject = place.map { "look for \($0) on the rail" } ?? "look at the rail"
            throw SettlementError(.unsupported, "no payment waits in this case; \(subject), then dismiss it")
        }
        return read
    }

    private static var nothingWaits: SettlementError {
        SettlementError(.invalidState, "nothing of the payment waits any more; dismiss the case")
    }

    /// Closes a case with the person's words.
    func close(
        _ known: ExceptionCase,
        _ outcome: ExceptionCase.Resolution.Outcome,
        object: String? = nil,
        in draft: inout Draft
    ) {
        draft.close(known, ExceptionCase.Resolution(outcome, object: object, note: note, at: draft.now))
    }
}
