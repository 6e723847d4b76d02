import Money
import Payments
import Providers
import Records
import Seams
import Storage

/// Something that is sold by being paid: a further period of a subscription, or paid media.
struct Sale {
    let merchant: MerchantRecord
    var reference: String?
    let title: String
    let summary: String
    let price: Amount
    let payer: Int64?
    let metadata: Labels
    var subscription: SubscriptionID?
    var paidMedia: PaidMediaID?
    let instruction: PaymentInstruction

    /// The invoice with an option of its own, so that every payment settles one invoice.
    func opened(for arrival: Arrival, by rules: PaymentRules, in draft: Draft) -> (Invoice, PaymentOption) {
        let moment = arrival.transfer.occurredAt
        let invoice = Invoice(
            id: draft.planner.identifiers.next(),
            merchant: merchant.id,
            reference: reference,
            title: title,
            summary: summary,
            goods: .digital,
            price: price,
            payer: payer,
            metadata: metadata,
            subscription: subscription,
            paidMedia: paidMedia,
            createdAt: draft.now,
            expiresAt: moment,
            monitoredUntil: moment,
            status: InvoiceStateMachine(price: price, threshold: price, received: .zero(price.asset))
        )
        let option = PaymentOption(
            id: draft.planner.identifiers.next(),
            invoice: invoice.id,
            rail: rules.rail,
            provider: rules.provider,
            due: price,
            price: price,
            quote: nil,
            instruction: instruction,
            reference: PaymentReference(scope: "sale", value: arrival.id.text)
        )
        return (invoice, option)
    }
}

/// Payments for which no invoice was opened before.
extension ObservationRecorder {
    /// A further period of a subscription.
    ///
    /// The rail names the option by which the subscription began.
    func renewal(of id: SubscriptionID, like first: PaymentOption, in session: any SQLSession) throws -> Sale {
        guard let subscription = try session.subscription(id) else {
            throw SettlementError(.invalidState, "the subscription \(id) is not stored")
        }
        let terms = subscription.terms
        return Sale(
            merchant: try merchant(terms.merchant, in: session),
            reference: terms.reference,
            title: terms.title,
            summary: terms.summary,
            price: terms.price,
            payer: subscription.status.payer.flatMap { Int64($0) },
            metadata: terms.metadata,
            subscription: id,
            instruction: first.instruction
        )
    }

    /// The paid media that a transfer opens; nil when its reference names none of ours.
    func mediaSale(by transfer: IncomingTransfer, in session: any SQLSession) throws -> Sale? {
        guard let reference = transfer.reference, reference.scope == PaidMedia.referenceScope,
            let id = try? PaidMediaID(reference.value), let media = try session.paidMedia(id, at: providerKey)
        else { return nil }
        return Sale(
            merchant: try merchant(media.merchant, in: session),
            title: media.title,
            summary: media.summary,
            price: media.price,
            payer: transfer.payer.flatMap { Int64($0) },
            metadata: media.metadata,
            paidMedia: id,
            instruction: .invoiceLink(url: media.link)
        )
    }

    private func merchant(_ id: MerchantID, in session: any SQLSession) throws -> MerchantRecord {
        guard let merchant = try session.merchant(id) else {
            throw SettlementError(.invalidState, "the merchant \(id) is not stored")
        }
        return merchant
    }
}
