import Money
import Payments
import Providers
import Seams
import Storage

/// Records incoming transfers as payments.
extension ObservationRecorder {
    /// Counts a transfer for what its reference names.
    func receive(
        _ arrival: Arrival,
        matching match: OptionMatch?,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        try decide(about: arrival, matching: match, in: session) { target, draft in
            try rules.receive(arrival, for: target, in: &draft)
        }
    }

    /// Reads what a transfer pays, has the rules decide, and writes what they have decided.
    func decide(
        about arrival: Arrival,
        matching match: OptionMatch?,
        in session: any SQLSession,
        by rule: (PaymentTarget, inout Draft) throws -> RecordedObservation
    ) throws -> RecordedObservation {
        let target = try target(of: arrival, matching: match, in: session)
        let stored = try arrival.stored.map { try BookedPayment($0, in: session) }
        let merchants = [target.merchant] + (stored?.merchants ?? [])
        var draft = try settlement.draft(about: merchants, at: now, in: session)
        if let stored { draft.include(stored) }
        let recorded = try rule(target, &draft)
        return try settlement.applier(at: now, in: session).apply(draft.decided(recorded))
    }

    /// The invoice, subscription or paid media that the reference of a transfer names.
    func target(
        of arrival: Arrival,
        matching match: OptionMatch?,
        in session: any SQLSession
    ) throws -> PaymentTarget {
        guard let match else {
            if let sale = try mediaSale(by: arrival.transfer, in: session) { return .sale(sale) }
            return .nobody(try foreignFinding(of: arrival, in: session))
        }
        let invoice = match.invoice
        if let subscription = invoice.subscription, invoice.status.state == .settled {
            return .sale(try renewal(of: subscription, like: match.option, in: session))
        }
        return .invoice(try read(match, paidAt: arrival.madeAt, in: session))
    }

    var rules: PaymentRules {
        PaymentRules(
            provider: providerKey,
            rail: rail,
            terms: terms,
            hasAccountsOfOptions: hasAccountsOfOptions,
            asksBeforeTaking: asksBeforeTaking,
            graceAfterExpiry: graceAfterExpiry
        )
    }

    func openCase(
        _ reason: ExceptionCase.Reason,
        of merchant: MerchantID?,
        invoice: InvoiceID?,
        payment: PaymentID?,
        movement: NaturalKey? = nil,
        evidence: MovementEvidence? = nil,
        _ amount: Amount,
        detail: String? = nil,
        in session: any SQLSession
    ) throws {
        try settlement.open(
            ExceptionCase(
                id: settlement.identifiers.next(),
                reason: reason,
                merchant: merchant,
                invoice: invoice,
                payment: payment,
                movement: movement,
                evidence: evidence,
                amount: amount,
                openedAt: now,
                detail: detail
            ),
            in: session
        )
    }
}
