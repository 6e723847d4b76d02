import Ledger
import Money
package import Payments
import Providers
import Records
import Seams
import Storage

/// A person's decision about a case.
package enum CaseDecision: Hashable, Sendable {
    /// The merchant keeps the money that waits, less the gateway's fee.
    ///
    /// - Parameter settlesInvoice: whether the invoice counts as paid; nil: yes for underpaid and late cases.
    case accept(settlesInvoice: Bool?)
    /// The money that waits goes back to the customer.
    case refund
    /// An unmatched payment is assigned to an invoice.
    case assign(InvoiceID)
    /// No money waits, and nothing has to be done.
    case dismiss
}

/// A request to close a case.
package struct CaseRequest: Sendable {
    /// The case.
    package let subject: CaseID
    /// The decision.
    package let decision: CaseDecision
    /// Why, at most 500 bytes.
    package let note: String?

    /// A decision about a case.
    package init(_ subject: CaseID, _ decision: CaseDecision, note: String? = nil) {
        self.subject = subject
        self.decision = decision
        self.note = note
    }
}

extension Settlement {
    /// Closes a case as a person decided.
    ///
    /// A decision that was carried out already returns the closed case.
    ///
    /// - Parameters:
    ///   - request: the case, the decision and its reason.
    ///   - merchant: the merchant who decides; cases without a merchant are the operator's.
    /// - Throws: ``SettlementError``; nothing is changed then.
    /// - Returns: the case as it is now.
    package func resolveCase(_ request: CaseRequest, by merchant: MerchantID) async throws -> ExceptionCase {
        guard (request.note?.utf8.count ?? 0) <= 500 else {
            throw SettlementError(.invalidRequest, "a note has at most 500 bytes", parameter: "note")
        }
        let now = clock.now()
        // A payment without a merchant may become any merchant's.
        return try await write(for: merchant == operatorMerchant ? nil : merchant) { session in
            guard let found = try session.exceptionCase(request.subject), owns(merchant, found.merchant) else {
                throw SettlementError(.notFound, "there is no case \(request.subject)")
            }
            if let resolution = found.resolution {
                guard request.decision.leads(to: resolution) else {
                    throw SettlementError(.invalidState, "the case was closed: \(resolution.outcome.rawValue)")
                }
                return found
            }
            let resolver = CaseResolver(
                settlement: self,
                subject: found,
                merchant: merchant,
                note: request.note,
                now: now
            )
            try resolver.carryOut(request.decision, in: session)
            guard let closed = try session.exceptionCase(found.id) else { return found }
            return closed
        }
    }
}

extension CaseDecision {
    fileprivate func leads(to resolution: ExceptionCase.Resolution) -> Bool {
        switch self {
        case .accept: resolution.outcome == .accepted
        case .refund: resolution.outcome == .refunded
        case .assign(let invoice): resolution.outcome == .assigned && resolution.object == invoice.text
        case .dismiss: resolution.outcome == .dismissed
        }
    }
}

/// Carries out what was decided about one case, within a unit of work.
private struct CaseResolver {
    let settlement: Settlement
    let subject: ExceptionCase
    let merchant: MerchantID
    let note: String?
    let now: Timestamp

    func carryOut(_ decision: CaseDecision, in session: any SQLSession) throws {
        switch decision {
        case .accept(let settlesInvoice): try accept(settlesInvoice, in: session)
        case .refund: try refund(in: session)
        case .assign(let invoice): try assign(to: invoice, in: session)
        case .dismiss: try dismiss(in: session)
        }
    }

    private func close(
        _ exceptionCase: ExceptionCase,
        _ outcome: ExceptionCase.Resolution.Outcome,
        object: String? = nil,
        in session: any SQLSession
    ) throws {
        let resolution = ExceptionCase.Resolution(outcome, object: object, note: note, at: now)
        try settlement.close(exceptionCase, resolution, in: session)
    }

    private func payment(of exceptionCase: ExceptionCase, in session: any SQLSession) throws -> Payment {
        guard exceptionCase.reason != .unreadable else {
            let reason = "nothing is booked that could be given to anybody; look at the rail, then dismiss the case"
            throw SettlementError(.unsupported, reason)
        }
        guard let payment = try exceptionCase.payment.flatMap(session.payment), payment.state == .final else {
            let place = exceptionCase.evidence?.sought ?? exceptionCase.movement?.text
            let subject = place.map { "look for \($0) on the rail" } ?? "look at the rail"
            throw SettlementError(.unsupported, "no payment waits in this case; \(subject), then dismiss it")
        }
        return payment
    }

    // MARK: - Decisions

    private func accept(_ wish: Bool?, in session: any SQLSession) throws {
        guard subject.merchant != nil || subject.reason == .unreadable else {
            throw SettlementError(.unsupported, "the money is nobody's yet: assign it to an invoice, or refund it")
        }
        let settles = wish ?? [.underpaid, .late].contains(subject.reason)
        guard settles, let invoice = try subject.invoice.flatMap(session.invoice) else {
            return try credit(subject, in: session)
        }
        // A merchant who accepts less than the price accepts all parts of it.
        let parts = try session.openCases(of: invoice.id).filter { $0.reason == .underpaid && $0.id != subject.id }
        for part in [subject] + parts { try credit(part, in: session) }
        var updated = invoice
        let action: InvoiceStateMachine.Action
        do throws(PaymentsError) { action = try updated.status.apply(.accepted) } catch { throw SettlementError(error) }
        guard action == .announceSettled else { return }
        updated.settledAt = now
        try session.update(&updated, from: invoice)
        try settlement.announce(.settled, updated, at: now, in: session)
        // The accepted payment begins the subscription: the rail has begun it when it was paid.
        guard let subscription = updated.subscription else { return }
        let payment = try payment(of: subject, in: session)
        let began = SubscriptionStatus.Event.paid(
            payer: payment.payer,
            charge: payment.refundTarget,
            until: payment.occurredAt.advanced(by: Subscription.period)
        )
        try settlement.advance(subscription, by: began, of: payment.occurredAt, at: now, in: session)
    }

    private func credit(_ exceptionCase: ExceptionCase, in session: any SQLSession) throws {
        let payment = try payment(of: exceptionCase, in: session)
        let waiting = try settlement.waitingParts(of: payment, in: session)
        guard !waiting.isEmpty else {
            throw SettlementError(.invalidState, "nothing of the payment waits any more; dismiss the case")
        }
        let books = Bookkeeping(feeBasisPoints: try session.merchant(merchant)?.feeBasisPoints ?? 0)
        for (account, amount) in waiting {
            let postings = try books.settle(amount, excess: .zero(amount.asset), from: account, to: merchant)
            try settlement.post(.caseAccepted, of: .payment(payment), at: now, postings, in: session)
        }
        try close(exceptionCase, .accepted, in: session)
    }

    private func refund(in session: any SQLSession) throws {
        let payment = try payment(of: subject, in: session)
        let waiting = try settlement.waiting(of: payment, in: session)
        guard waiting.isPositive else {
            throw SettlementError(.invalidState, "nothing of the payment waits any more; dismiss the case")
        }
        let id: RefundID = settlement.identifiers.next()
        let request = RefundRequest(payment: payment.id, amount: waiting, reason: note)
        _ = try settlement.refund(request, of: payment, for: merchant, id: id, at: now, in: session)
        try close(subject, .refunded, object: id.text, in: session)
    }

    private func assign(to id: InvoiceID, in session: any SQLSession) throws {
        let payment = try payment(of: subject, in: session)
        guard [.unmatched, .foreignReference].contains(subject.reason) else {
            throw SettlementError(.unsupported, "the payment belongs to an invoice already: accept or refund it")
        }
        guard try settlement.waiting(of: payment, in: session) == payment.amount else {
            throw SettlementError(.invalidState, "a part of the payment was returned: refund the rest")
        }
        guard let invoice = try session.invoice(id) else {
            throw SettlementError(.notFound, "there is no invoice \(id)", parameter: "invoice")
        }
        let options = try session.options(of: invoice.id).filter { $0.provider == payment.provider }
        guard let option = options.first(where: { $0.due.asset == payment.amount.asset }) else {
            let reason = "the invoice cannot be paid in \(payment.amount.asset) at \(payment.provider)"
            throw SettlementError(.unsupported, reason, parameter: "invoice")
        }
        let provider = try settlement.provider(payment.provider)
        let recorder = ObservationRecorder(settlement: settlement, provider: provider, now: now, isChronological: false)
        try recorder.assign(payment, to: option, note: note, in: session)
    }

    private func dismiss(in session: any SQLSession) throws {
        if let payment = try subject.payment.flatMap(session.payment), payment.state == .final,
            try settlement.waiting(of: payment, in: session).isPositive
        {
            throw SettlementError(.invalidState, "money waits: accept it or refund it")
        }
        if subject.reason == .walletHeld,
            try session.wallets().contains(where: {
                $0.hold != nil && Settlement.subject(of: $0.wallet, at: $0.provider) == subject.movement
            })
        {
            let reason = "the wallet is held: look at what has left, decide, and resume it; that closes the case"
            throw SettlementError(.invalidState, reason)
        }
        try close(subject, .dismissed, in: session)
    }
}
