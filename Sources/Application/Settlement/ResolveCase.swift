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
            let resolver = CaseResolver(settlement: self, merchant: merchant, note: request.note, now: now)
            try resolver.carryOut(request.decision, about: found, in: session)
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

/// Reads what a person's decision about a case depends on, and has the rules carry it out.
private struct CaseResolver {
    let settlement: Settlement
    let merchant: MerchantID
    let note: String?
    let now: Timestamp

    func carryOut(_ decision: CaseDecision, about subject: ExceptionCase, in session: any SQLSession) throws {
        var rules = CaseRules(subject: subject, merchant: merchant, note: note)
        rules.payment = try subject.payment.flatMap { try BookedPayment($0, in: session) }
        if case .assign(let invoice) = decision {
            return try assign(by: rules, to: invoice, in: session)
        }
        var draft = try settlement.draft(about: [merchant, subject.merchant], at: now, in: session)
        switch decision {
        case .accept(let wish):
            try readForAcceptance(settling: wish, into: &rules, session)
            try rules.accept(wish, in: &draft)
        case .refund:
            let waiting = try rules.waitingMoney()
            let payment = try rules.standingPayment()
            draft.include(payment)
            let id: RefundID = settlement.identifiers.next()
            let request = RefundRequest(payment: payment.payment.id, amount: waiting, reason: note)
            _ = try settlement.refund(request, for: merchant, id: id, into: &draft, session)
            rules.close(subject, .refunded, object: id.text, in: &draft)
        case .dismiss:
            rules.isWalletHeld = try isWalletHeld(subject, in: session)
            try rules.dismiss(in: &draft)
        case .assign: break
        }
        try settlement.applier(at: now, in: session).apply(draft.decided())
    }

    private func readForAcceptance(
        settling wish: Bool?,
        into rules: inout CaseRules,
        _ session: any SQLSession
    ) throws {
        rules.feeBasisPoints = try session.merchant(merchant)?.feeBasisPoints ?? 0
        let subject = rules.subject
        guard rules.settles(wish), let invoice = try subject.invoice.flatMap(session.invoice) else { return }
        rules.invoice = invoice
        rules.parts = try session.openCases(of: invoice.id)
            .filter { $0.reason == .underpaid && $0.id != subject.id }
            .map { part in (part, try part.payment.flatMap { try BookedPayment($0, in: session) }) }
    }

    private func assign(by rules: CaseRules, to id: InvoiceID, in session: any SQLSession) throws {
        let payment = try rules.assignablePayment()
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

    private func isWalletHeld(_ subject: ExceptionCase, in session: any SQLSession) throws -> Bool {
        guard subject.reason == .walletHeld else { return false }
        return try session.wallets().contains {
            $0.hold != nil && Settlement.subject(of: $0.wallet, at: $0.provider) == subject.movement
        }
    }
}
