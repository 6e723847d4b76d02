import Money
package import Payments
package import Records
package import Seams
import StrictJSON

/// Subscriptions.
extension SQLSession {
    private static var subscriptionColumns: String {
        """
        s.id, s.merchant, s.invoice, s.reference, s.title, s.summary, s.asset, s.price, s.metadata, s.created_at,
        s.expires_at, s.state, s.payer, s.charge, s.period_end, s.ended_at, s.canceled_at, s.version
        """
    }

    /// Stores a new subscription; one that is stored already stays as it is.
    package func insert(_ subscription: Subscription) throws {
        let terms = subscription.terms
        try execute(
            """
            INSERT INTO subscriptions (book, id, merchant, invoice, reference, title, summary, asset, price, metadata,
            created_at, expires_at, state, due_at)
            VALUES ($13, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $11) ON CONFLICT (book, id) DO NOTHING
            """,
            [
                .id(terms.id), .id(terms.merchant), .id(terms.invoice), .text(terms.reference), .text(terms.title),
                .text(terms.summary), .asset(terms.price), .units(terms.price),
                .text(JSONValue.object(from: terms.metadata).text), .moment(terms.createdAt),
                .moment(terms.expiresAt), .code(subscription.status.state), try place(of: terms.merchant),
            ]
        )
    }

    /// Stores the status of a subscription, if its stored state is still that of `before`; its version grows.
    ///
    /// - Returns: whether it was stored.
    package func update(_ subscription: inout Subscription, from before: Subscription) throws -> Bool {
        subscription.version = before.version + 1
        let status = subscription.status
        let changed = try change(
            """
            UPDATE subscriptions SET state = $1, payer = $2, charge = $3, period_end = $4, ended_at = $5, due_at = $6,
            canceled_at = $9, version = $11 WHERE book = $10 AND id = $7 AND state = $8
            """,
            [
                .code(status.state), .text(status.payer), .text(status.charge), .moment(status.periodEnd),
                .moment(status.endedAt), .moment(status.periodEnd ?? subscription.terms.expiresAt),
                .id(subscription.terms.id), .code(before.status.state), .moment(status.canceledAt),
                try place(of: subscription.terms.merchant), .integer(subscription.version),
            ]
        )
        return changed == 1
    }

    /// A subscription.
    package func subscription(_ id: SubscriptionID) throws -> Subscription? {
        try first(
            "SELECT \(Self.subscriptionColumns) FROM subscriptions s WHERE \(within("s")) AND s.id = $1",
            [.id(id)]
        ) { try $0.subscription() }
    }

    /// A merchant's subscriptions, the newest first.
    package func subscriptions(of merchant: MerchantID, in page: Page) throws -> [Subscription] {
        let filter = try owned(by: merchant, in: "s")
        return try list(
            Self.subscriptionColumns,
            from: "subscriptions s",
            id: "s.id",
            of: SubscriptionKind.self,
            filter,
            in: page
        ) {
            try $0.subscription()
        }
    }

    /// Subscriptions whose period, or whose time to begin, was over at a moment, the oldest first.
    package func subscriptionsDue(at moment: Timestamp, limit: Int) throws -> [Subscription] {
        try all(
            """
            SELECT \(Self.subscriptionColumns) FROM subscriptions s
            WHERE \(SubscriptionStatus.State.isUnderWay(in: "s.")) AND s.due_at < $1 ORDER BY s.due_at, s.id LIMIT $2
            """,
            [.moment(moment), .integer(Int64(limit))]
        ) { try $0.subscription() }
    }
}

extension SQLRow {
    fileprivate mutating func subscription() throws -> Subscription {
        let terms = Subscription.Terms(
            id: try id(),
            merchant: try id(),
            invoice: try id(),
            reference: try optionalText(),
            title: try text(),
            summary: try text(),
            price: try amount(),
            metadata: try Self.labels(try text()),
            createdAt: try moment(),
            expiresAt: try moment()
        )
        let status = SubscriptionStatus(
            state: try code(),
            payer: try optionalText(),
            charge: try optionalText(),
            periodEnd: try optionalMoment(),
            endedAt: try optionalMoment(),
            canceledAt: try optionalMoment()
        )
        var subscription = Subscription(terms, status: status)
        subscription.version = try integer()
        return subscription
    }
}
