import Payments
import Providers
package import Records
import Seams
package import Storage
import StrictJSON

/// The events about an invoice, by their `type`.
enum InvoiceEvent: String, CaseIterable {
    case created = "invoice.created"
    case processing = "invoice.processing"
    case settled = "invoice.settled"
    case expired = "invoice.expired"
    case cancelled = "invoice.cancelled"
    /// A payment that counted was undone: the invoice waits for money again.
    case reopened = "invoice.reopened"
}

/// The events about a payment that can still be undone.
enum SightingEvent: String, CaseIterable {
    case detected = "payment.detected"
    case lost = "payment.lost"
}

/// The events about a refund or payout.
enum OutgoingEvent: String, CaseIterable {
    case created
    case completed
    case failed
    case unknown
}

/// The events about the destinations that a merchant lists for payouts.
enum DestinationEvent: String, CaseIterable {
    case added = "payout_destination.added"
    case removed = "payout_destination.removed"
}

extension Settlement {
    private static let policyChanged = "payout_policy.changed"
    private static let paymentReceived = "payment.received"
    private static let paymentOrphaned = "payment.orphaned"
    /// The types of the events whose object is a payment.
    static let paymentEvents: Set<String> = [paymentReceived, paymentOrphaned]
    private static let endpointDisabled = "webhook_endpoint.disabled"
    private static let caseOpened = "case.opened"
    private static let caseResolved = "case.resolved"

    /// The types of all events that an endpoint can receive.
    package static let eventTypes: Set<String> = {
        var types = Set(InvoiceEvent.allCases.map(\.rawValue) + SightingEvent.allCases.map(\.rawValue))
        for event in OutgoingEvent.allCases {
            types.formUnion(["refund.\(event.rawValue)", "payout.\(event.rawValue)"])
        }
        types.formUnion(SubscriptionStatus.Action.allCases.map(subscriptionEvent))
        types.formUnion(DestinationEvent.allCases.map(\.rawValue))
        return types.union([
            endpointDisabled, policyChanged, paymentReceived, paymentOrphaned, caseOpened, caseResolved,
            WebhookEndpointRecord.stockQuestion,
        ])
    }()

    private static func subscriptionEvent(_ action: SubscriptionStatus.Action) -> String {
        "subscription.\(action.rawValue)"
    }

    /// Tells the merchant about a subscription.
    func announce(
        _ action: SubscriptionStatus.Action,
        _ value: SubscriptionWithInvoice,
        at now: Timestamp,
        in session: any SQLSession
    ) throws {
        let terms = value.subscription.terms
        let representation = try representation.json(value)
        let type = Self.subscriptionEvent(action)
        try append(type, subject: terms.id.text, representation, to: terms.merchant, at: now, in: session)
    }

    /// Tells the merchant about changed rules for payouts.
    func announce(_ rules: PayoutRules, of merchant: MerchantID, at now: Timestamp, in session: any SQLSession) throws {
        let representation = try representation.json(rules)
        try append(Self.policyChanged, subject: merchant.text, representation, to: merchant, at: now, in: session)
    }

    /// Tells the merchant about a listed destination.
    func announce(
        _ destination: PayoutDestination,
        as event: DestinationEvent,
        at now: Timestamp,
        in session: any SQLSession
    ) throws {
        let (subject, representation) = (destination.id.text, representation.json(destination))
        try append(event.rawValue, subject: subject, representation, to: destination.merchant, at: now, in: session)
    }

    /// Tells the merchant about an invoice.
    func announce(_ event: InvoiceEvent, _ invoice: Invoice, at now: Timestamp, in session: any SQLSession) throws {
        try announce(event, InvoiceWithOptions(invoice, in: session), at: now, in: session)
    }

    private func announce(
        _ event: InvoiceEvent,
        _ value: InvoiceWithOptions,
        at now: Timestamp,
        in session: any SQLSession
    ) throws {
        let representation = try representation.json(value)
        let invoice = value.invoice
        try append(event.rawValue, subject: invoice.id.text, representation, to: invoice.merchant, at: now, in: session)
    }

    /// Tells the merchant to which state a payment has moved an invoice.
    func announceProgress(of value: InvoiceWithOptions, at now: Timestamp, in session: any SQLSession) throws {
        switch value.invoice.status.state {
        case .processing: try announce(.processing, value, at: now, in: session)
        case .settled: try announce(.settled, value, at: now, in: session)
        case .new, .expired, .invalid: break
        }
    }

    /// Tells the merchant about a payment; tells the operator when the payment has no merchant.
    func announce(_ payment: Payment, at now: Timestamp, in session: any SQLSession) throws {
        let representation = try representation.json(payment)
        let merchant = payment.merchant ?? operatorMerchant
        try append(Self.paymentReceived, subject: payment.id.text, representation, to: merchant, at: now, in: session)
        try tellCustomer(payment.id.text, of: payment, at: now, in: session)
    }

    /// Has the customer notified, where the rail identifies the payer and can reach them.
    private func tellCustomer(
        _ subject: String,
        of payment: Payment,
        at now: Timestamp,
        in session: any SQLSession
    ) throws {
        guard payment.payer != nil, let source = providers.provider(payment.provider)?.push?.source else { return }
        try session.insertNotice(subject, of: payment, by: source, at: now)
    }

    /// Tells the merchant, or the operator, that a payment was taken back.
    func announceOrphaned(_ payment: Payment, at now: Timestamp, in session: any SQLSession) throws {
        let representation = try representation.json(payment)
        let merchant = payment.merchant ?? operatorMerchant
        try append(Self.paymentOrphaned, subject: payment.id.text, representation, to: merchant, at: now, in: session)
    }

    /// Tells the merchant about a payment that can still be undone; its version is the invoice's, which has changed by it.
    func announce(
        _ event: SightingEvent,
        _ sighting: StoredSighting,
        of invoice: Invoice,
        at now: Timestamp,
        in session: any SQLSession
    ) throws {
        let representation = try representation.json(sighting, version: invoice.version)
        let subject = invoice.id.text
        try append(event.rawValue, subject: subject, representation, to: invoice.merchant, at: now, in: session)
    }

    /// Tells the merchant about money on its way out.
    func announce(
        _ event: OutgoingEvent,
        _ transfer: OutgoingTransfer,
        at now: Timestamp,
        in session: any SQLSession
    ) throws {
        let kind =
            switch transfer.purpose {
            case .refund: "refund"
            case .payout: "payout"
            }
        let representation = try representation.json(transfer)
        let type = "\(kind).\(event.rawValue)"
        try append(type, subject: transfer.purpose.id, representation, to: transfer.merchant, at: now, in: session)
        guard event == .completed, case .refund(let id, let payment) = transfer.purpose,
            let returned = try session.payment(payment)
        else { return }
        try tellCustomer(id.text, of: returned, at: now, in: session)
    }

    /// Tells a merchant's other endpoints, and the owners of its bots, that an endpoint was disabled, in the same unit
    /// of work.
    ///
    /// - Throws: what the database throws.
    package func announceDisabled(_ endpoint: WebhookEndpointRecord, in session: any SQLSession) throws {
        let json = representation.json(endpoint)
        let id = endpoint.id.text
        let now = clock.now()
        try append(Self.endpointDisabled, subject: id, json, to: endpoint.merchant, at: now, in: session)
        try session.insertOwnerNotice(of: endpoint, at: now)
    }

    /// Stores a case and tells the merchant, or the operator, about it.
    func open(_ exceptionCase: ExceptionCase, in session: any SQLSession) throws {
        try session.insert(exceptionCase)
        try tell(Self.caseOpened, exceptionCase, at: exceptionCase.openedAt, in: session)
    }

    /// Closes a case that is open and tells the merchant, or the operator, how.
    func close(
        _ exceptionCase: ExceptionCase,
        _ resolution: ExceptionCase.Resolution,
        in session: any SQLSession
    ) throws {
        guard try session.resolve(exceptionCase.id, resolution) else { return }
        try session.forgetSealedBytes(of: exceptionCase.id)
        var closed = exceptionCase
        closed.resolution = resolution
        closed.version += 1
        try tell(Self.caseResolved, closed, at: resolution.moment, in: session)
    }

    private func tell(
        _ type: String,
        _ exceptionCase: ExceptionCase,
        at now: Timestamp,
        in session: any SQLSession
    ) throws {
        let representation = try representation.json(exceptionCase)
        let merchant = exceptionCase.merchant ?? operatorMerchant
        try append(type, subject: exceptionCase.id.text, representation, to: merchant, at: now, in: session)
    }

    /// The question whether an order's goods are in stock; it is asked once and not stored.
    func stockQuestion(about value: InvoiceWithOptions, at now: Timestamp) throws -> EventRecord {
        let representation = try representation.json(value)
        let invoice = value.invoice
        let type = WebhookEndpointRecord.stockQuestion
        return event(type, subject: invoice.id.text, representation, to: invoice.merchant, at: now)
    }

    /// Puts an event in the outbox, in the same unit of work as the change that it reports.
    private func append(
        _ type: String,
        subject: String,
        _ data: JSONValue,
        to merchant: MerchantID,
        at now: Timestamp,
        in session: any SQLSession
    ) throws {
        try session.append(event(type, subject: subject, data, to: merchant, at: now))
    }

    private func event(
        _ type: String,
        subject: String,
        _ data: JSONValue,
        to merchant: MerchantID,
        at now: Timestamp
    ) -> EventRecord {
        let id: EventID = identifiers.next()
        let body: JSONValue = [
            "id": .string(id.text),
            "type": .string(type),
            "timestamp": .string(now.description),
            "data": data,
        ]
        return EventRecord(
            id: id,
            merchant: merchant,
            type: type,
            subject: subject,
            body: body.text,
            createdAt: now
        )
    }
}
