package import Money
package import Seams

/// An order that a customer pays every period until it is cancelled; each period is paid by an invoice of its own.
package struct Subscription: Hashable, Sendable {
    /// The terms of a subscription, which never change.
    package struct Terms: Hashable, Sendable {
        /// The subscription's identifier.
        package let id: SubscriptionID
        /// Who is paid.
        package let merchant: MerchantID
        /// The invoice by which it begins.
        package let invoice: InvoiceID
        /// The merchant's own number.
        package let reference: String?
        /// The name of what is sold.
        package let title: String
        /// More about it.
        package let summary: String
        /// The price of each period.
        package let price: Amount
        /// The merchant's own labels.
        package let metadata: Labels
        /// When it was made.
        package let createdAt: Timestamp
        /// Until when it can be begun.
        package let expiresAt: Timestamp

        /// The terms of a subscription, which never change.
        package init(
            id: SubscriptionID,
            merchant: MerchantID,
            invoice: InvoiceID,
            reference: String?,
            title: String,
            summary: String,
            price: Amount,
            metadata: Labels,
            createdAt: Timestamp,
            expiresAt: Timestamp
        ) {
            self.id = id
            self.merchant = merchant
            self.invoice = invoice
            self.reference = reference
            self.title = title
            self.summary = summary
            self.price = price
            self.metadata = metadata
            self.createdAt = createdAt
            self.expiresAt = expiresAt
        }
    }

    /// The length of a period, the only one that Telegram supports (Bot API, `createInvoiceLink`).
    package static let period = Duration.seconds(30 * 86_400)

    /// The terms with which it was made.
    package let terms: Terms
    /// Where it stands.
    package var status: SubscriptionStatus
    /// The number of its changes, with its making.
    package var version: Int64 = 1

    /// A subscription as it was made or stored.
    package init(_ terms: Terms, status: SubscriptionStatus = SubscriptionStatus()) {
        self.terms = terms
        self.status = status
    }
}

/// The status of a subscription, as a value: it takes an event and returns what to tell the merchant.
package struct SubscriptionStatus: Hashable, Sendable {
    /// Where it stands.
    package enum State: String, Hashable, Sendable, CaseIterable {
        /// Nobody has paid yet.
        case incomplete
        /// It is paid, and will be paid again.
        case active
        /// The rail could not take the next payment; it may still come.
        case pastDue = "past_due"
        /// It is paid until its period ends, and will not be paid again.
        case canceled
        /// It is over.
        case ended
    }

    /// An event of a subscription.
    package enum Event: Hashable, Sendable {
        /// A period was paid: by whom, by which charge, and until when.
        case paid(payer: String?, charge: String?, until: Timestamp)
        /// The customer or the merchant has cancelled it: it will not be paid again.
        case canceled
        /// It will be paid again after all.
        case restored
        /// The rail could not take the next payment.
        case failed
        /// Time has passed.
        case time(Timestamp)
    }

    /// The message for the merchant.
    package enum Action: String, Hashable, Sendable, CaseIterable {
        case activated
        case renewed
        case canceled
        case restored
        case pastDue = "past_due"
        case ended
    }

    /// How long after the end of a period its renewal may still arrive: Telegram keeps updates for a day.
    package static let grace = Duration.seconds(86_400)

    /// Where it stands.
    package private(set) var state: State
    /// The payer, in the rail's own words; nil before the first payment.
    package private(set) var payer: String?
    /// The first charge, by which the rail identifies the subscription.
    package private(set) var charge: String?
    /// The end of the paid period; nil before the first payment.
    package private(set) var periodEnd: Timestamp?
    /// When it ended.
    package private(set) var endedAt: Timestamp?
    /// When it was cancelled; nil when it was not, or was restored.
    package private(set) var canceledAt: Timestamp?

    /// A status as it was stored; by default that of a new subscription.
    package init(
        state: State = .incomplete,
        payer: String? = nil,
        charge: String? = nil,
        periodEnd: Timestamp? = nil,
        endedAt: Timestamp? = nil,
        canceledAt: Timestamp? = nil
    ) {
        self.state = state
        self.payer = payer
        self.charge = charge
        self.periodEnd = periodEnd
        self.endedAt = endedAt
        self.canceledAt = canceledAt
    }

    /// Applies an event to the subscription.
    ///
    /// - Parameters:
    ///   - event: what happened.
    ///   - moment: when it happened: by the rail's clock for a payment, and the time of receipt for a decision.
    ///   - expiresAt: until when it can begin.
    /// - Returns: the message for the merchant; nil when nothing has changed.
    package mutating func apply(_ event: Event, at moment: Timestamp, expiresAt: Timestamp) -> Action? {
        switch (event, state) {
        case (.paid(let payer, let charge, let until), .incomplete):
            (self.payer, self.charge, periodEnd) = (payer, charge, until)
            decideRenewal(afterPaymentOf: moment)
            return .activated
        // A payment always buys a period, whatever the state was. A payment that was made before a cancellation and
        // reported after it does not revoke the cancellation.
        case (.paid(let payer, let charge, let until), _):
            // One that ended before anybody had paid begins by its first charge.
            if self.charge == nil { (self.payer, self.charge) = (payer, charge) }
            (periodEnd, endedAt) = (max(until, periodEnd ?? until), nil)
            decideRenewal(afterPaymentOf: moment)
            return .renewed
        // The rail has begun it with a payment that was too late here, and begins no period more.
        case (.canceled, .incomplete), (.canceled, .ended):
            guard canceledAt == nil, charge == nil else { return nil }
            canceledAt = moment
            return .canceled
        case (.restored, .incomplete), (.restored, .ended):
            guard canceledAt != nil, charge == nil else { return nil }
            canceledAt = nil
            return .restored
        case (.canceled, .active), (.canceled, .pastDue):
            (state, canceledAt) = (.canceled, moment)
            return .canceled
        case (.restored, .canceled), (.restored, .pastDue):
            (state, canceledAt) = (.active, nil)
            return .restored
        case (.failed, .active):
            state = .pastDue
            return .pastDue
        case (.time(let now), _):
            guard state != .ended, now > lastMoment(expiresAt) else { return nil }
            (state, endedAt) = (.ended, now)
            return .ended
        case (.canceled, _), (.restored, _), (.failed, _): return nil
        }
    }

    /// Whether it is paid again: a payment from before a cancellation does not revoke it.
    private mutating func decideRenewal(afterPaymentOf moment: Timestamp) {
        if let canceledAt, moment <= canceledAt {
            state = .canceled
        } else {
            (state, canceledAt) = (.active, nil)
        }
    }

    /// The moment after which it ends, when nothing else happens.
    private func lastMoment(_ expiresAt: Timestamp) -> Timestamp {
        let end = periodEnd ?? expiresAt
        return state == .canceled ? end : end.advanced(by: Self.grace)
    }
}
