package import Money
package import Seams

/// What a customer pays again and again, until somebody cancels it; each time is paid by an invoice of its own.
package struct Subscription: Hashable, Sendable {
    /// What is kept of a subscription once and for ever.
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
        /// What each period costs.
        package let price: Amount
        /// The merchant's own labels.
        package let metadata: Labels
        /// When it was made.
        package let createdAt: Timestamp
        /// Until when it can be begun.
        package let expiresAt: Timestamp

        /// What is kept of a subscription once and for ever.
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

    /// How long a period is: Telegram knows only this one (Bot API, `createInvoiceLink`).
    package static let period = Duration.seconds(30 * 86_400)

    /// What was kept when it was made.
    package let terms: Terms
    /// Where it stands.
    package var status: SubscriptionStatus

    /// A subscription as it was made or stored.
    package init(_ terms: Terms, status: SubscriptionStatus = SubscriptionStatus()) {
        self.terms = terms
        self.status = status
    }
}

/// Where a subscription stands: a value that takes what happens and says what follows.
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

    /// What can happen.
    package enum Event: Hashable, Sendable {
        /// A period was paid: by whom, by which charge, and until when.
        case paid(payer: String?, charge: String?, until: Timestamp)
        /// It will not be paid again: the customer or the merchant has said so.
        case canceled
        /// It will be paid again after all.
        case restored
        /// The rail could not take the next payment.
        case failed
        /// Time has passed.
        case time(Timestamp)
    }

    /// What the merchant is told.
    package enum Action: String, Hashable, Sendable, CaseIterable {
        case activated
        case renewed
        case canceled
        case restored
        case pastDue = "past_due"
        case ended
    }

    /// How long after the end of a period its renewal may still be on its way: updates wait a day, and no longer.
    package static let grace = Duration.seconds(86_400)

    /// Where it stands.
    package private(set) var state: State
    /// Who pays, in the rail's own words; none before somebody did.
    package private(set) var payer: String?
    /// The charge by which it began, by which the rail knows it.
    package private(set) var charge: String?
    /// Until when it is paid; none before somebody did.
    package private(set) var periodEnd: Timestamp?
    /// When it was over.
    package private(set) var endedAt: Timestamp?
    /// When it was cancelled; none when it was not, or was taken up again.
    package private(set) var canceledAt: Timestamp?

    /// A status as it was stored; the usual one is that of a new subscription.
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

    /// What an event makes of the subscription.
    ///
    /// - Parameters:
    ///   - event: what happened.
    ///   - moment: when it happened: a payment by the rail's clock, a decision when it was heard of.
    ///   - expiresAt: until when it can be begun.
    /// - Returns: what the merchant is told; none when nothing has changed.
    package mutating func apply(_ event: Event, at moment: Timestamp, expiresAt: Timestamp) -> Action? {
        switch (event, state) {
        case (.paid(let payer, let charge, let until), .incomplete):
            (self.payer, self.charge, periodEnd, state) = (payer, charge, until, .active)
            return .activated
        // Money that came is a period that is owed, whatever was said before. What was paid before a cancellation, and told
        // after it, does not take that back.
        case (.paid(_, _, let until), _):
            (periodEnd, endedAt) = (max(until, periodEnd ?? until), nil)
            if let canceledAt, moment <= canceledAt {
                state = .canceled
            } else {
                (state, canceledAt) = (.active, nil)
            }
            return .renewed
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

    /// After which moment it is over, when nothing else happens.
    private func lastMoment(_ expiresAt: Timestamp) -> Timestamp {
        let end = periodEnd ?? expiresAt
        return state == .canceled ? end : end.advanced(by: Self.grace)
    }
}
