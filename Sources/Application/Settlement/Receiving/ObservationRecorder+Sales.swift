import Money
import Payments
import Providers
import Seams
import Storage

/// Payments for which no invoice was opened before: further periods of subscriptions, and paid media.
extension ObservationRecorder {
    /// The data of the invoice to open.
    private struct Sale {
        var merchant: MerchantID
        var reference: String?
        var title: String
        var summary: String
        var price: Amount
        var payer: Int64?
        var metadata: Labels
        var subscription: SubscriptionID?
        var paidMedia: PaidMediaID?
        var instruction: PaymentInstruction
    }

    /// Counts a transfer for a further period of a subscription.
    ///
    /// The rail names the option by which the subscription began.
    func renew(
        _ id: SubscriptionID,
        by arrival: Arrival,
        like first: PaymentOption,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        guard let subscription = try session.subscription(id) else {
            throw SettlementError(.invalidState, "the subscription \(id) is not stored")
        }
        let terms = subscription.terms
        let sale = Sale(
            merchant: terms.merchant,
            reference: terms.reference,
            title: terms.title,
            summary: terms.summary,
            price: terms.price,
            payer: subscription.status.payer.flatMap { Int64($0) },
            metadata: terms.metadata,
            subscription: id,
            instruction: first.instruction
        )
        return try record(sale, by: arrival, in: session)
    }

    /// Counts a transfer for paid media; nil when its reference names none of ours.
    func sellMedia(by arrival: Arrival, in session: any SQLSession) throws -> RecordedObservation? {
        guard let reference = arrival.transfer.reference, reference.scope == PaidMedia.referenceScope,
            let id = try? PaidMediaID(reference.value), let media = try session.paidMedia(id, at: providerKey)
        else { return nil }
        let sale = Sale(
            merchant: media.merchant,
            title: media.title,
            summary: media.summary,
            price: media.price,
            payer: arrival.transfer.payer.flatMap { Int64($0) },
            metadata: media.metadata,
            paidMedia: id,
            instruction: .invoiceLink(url: media.link)
        )
        return try record(sale, by: arrival, in: session)
    }

    /// Opens an invoice with an option of its own, so that every payment settles one invoice, and counts the transfer.
    private func record(_ sale: Sale, by arrival: Arrival, in session: any SQLSession) throws -> RecordedObservation {
        let moment = arrival.transfer.occurredAt
        let invoice = Invoice(
            id: settlement.identifiers.next(),
            merchant: sale.merchant,
            reference: sale.reference,
            title: sale.title,
            summary: sale.summary,
            goods: .digital,
            price: sale.price,
            payer: sale.payer,
            metadata: sale.metadata,
            subscription: sale.subscription,
            paidMedia: sale.paidMedia,
            createdAt: now,
            expiresAt: moment,
            monitoredUntil: moment,
            status: InvoiceStateMachine(
                price: sale.price,
                threshold: sale.price,
                received: .zero(sale.price.asset)
            )
        )
        let option = PaymentOption(
            id: settlement.identifiers.next(),
            invoice: invoice.id,
            rail: rail,
            provider: providerKey,
            due: sale.price,
            price: sale.price,
            quote: nil,
            instruction: sale.instruction,
            reference: PaymentReference(scope: "sale", value: arrival.id.text)
        )
        guard let merchant = try session.merchant(sale.merchant) else {
            throw SettlementError(.invalidState, "the merchant \(sale.merchant) is not stored")
        }
        try session.insert(invoice)
        try session.insert(option, of: sale.merchant)
        return try receive(arrival, for: OptionMatch(option, of: invoice, by: merchant), in: session)
    }
}
