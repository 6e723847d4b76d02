import Money
import Payments
import Providers
import Seams
import Storage

/// Records incoming transfers as payments.
extension ObservationRecorder {
    /// Counts a transfer for the invoice, subscription or paid media that its reference names.
    func receive(
        _ arrival: Arrival,
        matching match: OptionMatch?,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        guard let match else {
            if let sold = try sellMedia(by: arrival, in: session) { return sold }
            let foreign = try foreignFinding(of: arrival, in: session)
            return try applier.apply(rules.hold(arrival, because: foreign), in: session)
        }
        let invoice = match.invoice
        if let subscription = invoice.subscription, invoice.status.state == .settled {
            return try renew(subscription, by: arrival, like: match.option, in: session)
        }
        return try receive(arrival, for: match, in: session)
    }

    /// Counts a transfer for the invoice whose option it names.
    func receive(
        _ arrival: Arrival,
        for found: OptionMatch,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        let snapshot = try read(arrival, for: found, in: session)
        return try applier.apply(rules.decide(arrival, on: snapshot), in: session)
    }

    private var applier: Applier { Applier(settlement: settlement, now: now) }

    private var rules: PaymentRules {
        PaymentRules(
            provider: providerKey,
            rail: rail,
            isGathered: isGathered,
            asksFirst: asksFirst,
            graceAfterExpiry: graceAfterExpiry,
            now: now,
            identifiers: settlement.identifiers
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
