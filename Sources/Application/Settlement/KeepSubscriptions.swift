package import Money
package import Payments
package import Providers
package import Seams
package import Storage

/// A merchant's request for a subscription.
package struct SubscriptionRequest: Sendable {
    /// The name of what is sold, 1 to 32 characters.
    package var title: String
    /// More about it, 1 to 255 characters.
    package var summary: String
    /// What each period costs.
    package var price: Amount
    /// The merchant's own number, at most 128 bytes.
    package var reference: String?
    /// The Telegram user who alone may begin it.
    package var payer: Int64?
    /// The merchant's own labels.
    package var metadata: Labels
    /// Where the checkout page leads back to.
    package var returnURL: String?

    /// A request for a subscription.
    package init(title: String, summary: String, price: Amount, metadata: Labels = [:]) {
        self.title = title
        self.summary = summary
        self.price = price
        self.metadata = metadata
    }
}

/// A subscription with the invoice by which it begins.
package struct SubscriptionWithInvoice: Sendable {
    /// The subscription.
    package let subscription: Subscription
    /// The first invoice, with its ways to pay.
    package let first: InvoiceWithOptions
}

extension Settlement {
    /// How long a subscription can be begun.
    private static let timeToBegin = Duration.seconds(86_400)

    /// Makes a subscription and opens the invoice by which it begins.
    ///
    /// A repeated call with the same identifier continues where a crash left off.
    ///
    /// - Throws: ``SettlementError``; with ``SettlementError/Code/unsupported`` when no provider keeps subscriptions in the
    ///   price's asset.
    /// - Returns: the subscription.
    package func openSubscription(
        _ request: SubscriptionRequest,
        for merchant: MerchantID,
        id: SubscriptionID
    ) async throws -> SubscriptionWithInvoice {
        let now = clock.now()
        let keeper = providers.providers(for: merchant).first { provider in
            provider.subscriptions != nil && provider.capabilities.assets.contains(request.price.asset)
        }
        guard let keeper else {
            throw SettlementError(.unsupported, "subscriptions are paid in Stars (telegram:XTR)", parameter: "asset")
        }
        var order = InvoiceRequest(
            title: request.title,
            summary: request.summary,
            goods: .digital,
            price: request.price,
            reference: request.reference,
            choices: [.init(rail: keeper.rail, asset: request.price.asset)],
            lifetime: Self.timeToBegin,
            payer: request.payer,
            metadata: request.metadata
        )
        order.returnURL = request.returnURL
        // The subscription's own value, so that a repeated request finds the invoice.
        let invoice = InvoiceID(value: id.value)
        order.subscription = Subscription(
            Subscription.Terms(
                id: id,
                merchant: merchant,
                invoice: invoice,
                reference: request.reference,
                title: request.title,
                summary: request.summary,
                price: request.price,
                metadata: request.metadata,
                createdAt: now,
                expiresAt: now.advanced(by: Self.timeToBegin)
            )
        )
        _ = try await openInvoice(order, for: merchant, id: invoice)
        return try await self.subscription(id, of: merchant)
    }

    /// A merchant's subscription.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/notFound``, also for another merchant's.
    package func subscription(
        _ id: SubscriptionID,
        of merchant: MerchantID
    ) async throws -> SubscriptionWithInvoice {
        let found = try await database.read { session -> SubscriptionWithInvoice? in
            guard let subscription = try session.subscription(id), subscription.terms.merchant == merchant else {
                return nil
            }
            return try SubscriptionWithInvoice(subscription, in: session)
        }
        guard let found else { throw SettlementError(.notFound, "there is no subscription \(id)") }
        return found
    }

    /// Has the rail stop taking payments for a subscription, or take them again.
    ///
    /// A subscription that was paid too late has not begun here, but the rail takes its payments all the same: it can be
    /// cancelled, by that payment, too.
    ///
    /// - Parameter request: which subscription, of whom, and whether it is paid again.
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/invalidState`` when there is nothing to cancel or restore.
    /// - Returns: the subscription.
    package func setRenewal(_ request: RenewalRequest) async throws -> SubscriptionWithInvoice {
        let found = try await subscription(request.subscription, of: request.merchant)
        let status = found.subscription.status
        var charge = status.charge
        var isPossible =
            request.isRenewed
            ? status.state == .canceled : status.state == .active || status.state == .pastDue
        if !request.isRenewed, charge == nil {
            charge = try await database.read { session in
                try session.payments(of: found.first.invoice.id).compactMap(\.refundTarget).first
            }
            isPossible = charge != nil
        }
        guard isPossible, let charge, let option = found.first.options.first,
            let keeper = try provider(option.provider).subscriptions
        else {
            let wish = request.isRenewed ? "restored" : "cancelled"
            throw SettlementError(.invalidState, "the subscription is \(status.state.rawValue) and cannot be \(wish)")
        }
        do { try await keeper.setRenewal(of: charge, to: request.isRenewed) } catch { throw SettlementError(error) }
        let id = request.subscription
        let event: SubscriptionStatus.Event = request.isRenewed ? .restored : .canceled
        let now = clock.now()
        try await database.write { session in try advance(id, by: event, at: now, in: session) }
        return try await subscription(id, of: request.merchant)
    }

    /// Applies a decision of a customer or the rail about a subscription.
    ///
    /// A subscription of another provider is not changed: the operator gets a case, once for each reference.
    ///
    /// - Parameters:
    ///   - reference: the reference that the rail names.
    ///   - event: what was decided.
    ///   - provider: the provider that reports it.
    ///   - heardAt: when it was pushed.
    ///   - lease: the right to deal with what is pushed, where several processes might.
    /// - Throws: what the database throws.
    /// - Returns: whether there is such a subscription at the provider.
    package func changeSubscription(
        _ reference: PaymentReference,
        by event: SubscriptionStatus.Event,
        at provider: any PaymentProvider,
        heardAt: Timestamp,
        under lease: Lease? = nil
    ) async throws -> Bool {
        let now = clock.now()
        let recorder = ObservationRecorder(settlement: self, provider: provider, now: now, isChronological: false)
        return try await write(under: lease) { session in
            guard let id = try session.option(reference, at: provider.key)?.invoice.subscription else {
                try recorder.reportForeign(reference, in: session)
                return false
            }
            try advance(id, by: event, of: heardAt, at: now, in: session)
            return true
        }
    }

    /// Ends the subscriptions whose time is over.
    ///
    /// - Throws: what the database throws.
    /// - Returns: how many ended.
    package func endSubscriptions(limit: Int = 100) async throws -> Int {
        let now = clock.now()
        return try await database.write { session in
            var ended = 0
            for subscription in try session.subscriptionsDue(at: now, limit: limit) {
                try advance(subscription.terms.id, by: .time(now), at: now, in: session)
                if try session.subscription(subscription.terms.id)?.status.state == .ended { ended += 1 }
            }
            return ended
        }
    }

    /// Applies an event that happened at `moment`, or now when that is nil, and tells the merchant what changed.
    func advance(
        _ id: SubscriptionID,
        by event: SubscriptionStatus.Event,
        of moment: Timestamp? = nil,
        at now: Timestamp,
        in session: any SQLSession
    ) throws {
        guard let before = try session.subscription(id) else { return }
        var after = before
        guard let action = after.status.apply(event, at: moment ?? now, expiresAt: before.terms.expiresAt) else {
            return
        }
        guard try session.update(&after, from: before) else {
            throw SettlementError(.conflict, "the subscription \(id) has changed meanwhile")
        }
        try announce(action, SubscriptionWithInvoice(after, in: session), at: now, in: session)
    }
}

/// A request to cancel or restore a subscription.
///
/// One value, for the same reason as ``RefundRequest``.
package struct RenewalRequest: Sendable {
    /// The subscription.
    package let subscription: SubscriptionID
    /// Whose it is.
    package let merchant: MerchantID
    /// Whether it is paid again.
    package let isRenewed: Bool

    /// A request to restore the subscription when `isRenewed`, or else to cancel it.
    package init(_ subscription: SubscriptionID, of merchant: MerchantID, isRenewed: Bool) {
        self.subscription = subscription
        self.merchant = merchant
        self.isRenewed = isRenewed
    }
}

extension SubscriptionWithInvoice {
    /// A subscription with what is stored of its first invoice.
    ///
    /// - Throws: what the database throws.
    package init(_ subscription: Subscription, in session: any SQLSession) throws {
        guard let invoice = try session.invoice(subscription.terms.invoice) else {
            throw SettlementError(.notFound, "the subscription \(subscription.terms.id) has no invoice yet")
        }
        self.init(subscription: subscription, first: try InvoiceWithOptions(invoice, in: session))
    }
}
