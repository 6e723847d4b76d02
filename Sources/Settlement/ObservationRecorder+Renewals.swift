import Money
import Payments
import Providers
import Seams
import Storage

/// Payments that the rail takes again and again by itself.
extension ObservationRecorder {
    /// Opens an invoice for a further period of a subscription, and counts the transfer for it.
    ///
    /// The rail names the option by which the subscription began; the period gets an invoice and an option of its own, so
    /// that every payment settles one invoice.
    func renew(
        _ id: SubscriptionID,
        by arrival: Arrival,
        like first: PaymentOption,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        let moment = arrival.transfer.occurredAt
        guard let subscription = try session.subscription(id) else {
            throw SettlementError(.invalidState, "the subscription \(id) is not stored")
        }
        let terms = subscription.terms
        let nothing = Amount.zero(terms.price.asset)
        let invoice = Invoice(
            id: settlement.identifiers.next(),
            merchant: terms.merchant,
            reference: terms.reference,
            title: terms.title,
            summary: terms.summary,
            goods: .digital,
            price: terms.price,
            payer: subscription.status.payer.flatMap { Int64($0) },
            metadata: terms.metadata,
            subscription: id,
            createdAt: now,
            expiresAt: moment,
            monitoredUntil: moment,
            status: InvoiceStateMachine(price: terms.price, threshold: terms.price, received: nothing)
        )
        let option = PaymentOption(
            id: settlement.identifiers.next(),
            invoice: invoice.id,
            rail: first.rail,
            provider: first.provider,
            due: first.due,
            price: first.price,
            quote: nil,
            instruction: first.instruction,
            reference: PaymentReference(scope: "subscription", value: arrival.id.text),
            settings: first.settings
        )
        try session.insert(invoice)
        try session.insert(option)
        return try receive(arrival, for: option, of: invoice, in: session)
    }
}
