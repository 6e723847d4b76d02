package import Payments
package import Records
package import Seams
import Storage

/// A change of a merchant's endpoint.
package struct EndpointChange: Sendable {
    let id: WebhookEndpointID
    let merchant: MerchantID
    let body: @Sendable (inout WebhookEndpointRecord) throws -> Void

    /// A change of the endpoint `id` of a merchant by `body`.
    package init(
        _ id: WebhookEndpointID,
        of merchant: MerchantID,
        _ body: @escaping @Sendable (inout WebhookEndpointRecord) throws -> Void
    ) {
        self.id = id
        self.merchant = merchant
        self.body = body
    }
}

/// Changes of the endpoints of merchants.
extension Settlement {
    /// The most endpoints of a merchant.
    package static let endpointLimit = 20
    /// The most events that one request sends again.
    private static let redeliveryLimit = 1_000

    /// Adds an endpoint, or replaces the one with the same identifier.
    ///
    /// A request that failed before it was answered has told nobody its secret: the next one replaces it.
    ///
    /// - Throws: what the database throws.
    /// - Returns: false when the merchant has too many.
    package func add(_ endpoint: WebhookEndpointRecord) async throws -> Bool {
        try await write(for: endpoint.merchant) { session in
            if let stored = try session.endpoint(endpoint.id) {
                var replaced = endpoint
                replaced.version = stored.version
                try session.update(&replaced)
                return true
            }
            guard try session.endpoints(of: endpoint.merchant).count < Self.endpointLimit else { return false }
            try session.insert(endpoint)
            return true
        }
    }

    /// Changes a merchant's endpoint in one unit of work.
    ///
    /// - Throws: what the change and the database throw.
    /// - Returns: the endpoint as it is now; nil when the merchant has no such endpoint.
    package func make(_ change: EndpointChange) async throws -> WebhookEndpointRecord? {
        try await write(for: change.merchant) { session in
            guard var endpoint = try session.endpoint(change.id), endpoint.merchant == change.merchant else {
                return nil
            }
            let old = endpoint
            try change.body(&endpoint)
            if endpoint != old { try session.update(&endpoint) }
            return endpoint
        }
    }

    /// Deletes an endpoint; events that still waited for it are not sent.
    ///
    /// - Throws: what the database throws.
    package func delete(_ endpoint: WebhookEndpointRecord) async throws {
        let now = clock.now()
        try await write(for: endpoint.merchant) { try $0.delete(endpoint, at: now) }
    }

    /// Has a merchant's event sent again to all its endpoints.
    ///
    /// - Throws: what the database throws.
    /// - Returns: to how many endpoints; nil when the merchant has no such event.
    package func redeliver(_ id: EventID, of merchant: MerchantID) async throws -> Int? {
        let now = clock.now()
        return try await write(for: merchant) { session in
            guard let event = try session.event(id), event.merchant == merchant else { return nil }
            let endpoints = try session.endpoints(of: merchant).filter { $0.disabledAt == nil }
            for endpoint in endpoints { try session.deliver(id, of: event.type, to: endpoint, at: now) }
            return endpoints.count
        }
    }

    /// Has the events between two moments sent to an endpoint again.
    ///
    /// - Throws: what the database throws.
    /// - Returns: how many events are sent, and whether that is all of them.
    package func redeliver(
        to endpoint: WebhookEndpointRecord,
        from start: Timestamp,
        until end: Timestamp
    ) async throws -> (sent: Int, isComplete: Bool) {
        let now = clock.now()
        return try await write(for: endpoint.merchant) { session in
            try session.redeliver(to: endpoint, from: start, until: end, limit: Self.redeliveryLimit, at: now)
        }
    }
}
