package import Payments
package import Records
import Seams
import Storage

/// A query for the delivery attempts at an endpoint, of all events or of one.
package struct AttemptList: Hashable, Sendable {
    let endpoint: WebhookEndpointID
    let event: EventID?
    let limit: Int

    /// The latest `limit` attempts.
    package init(at endpoint: WebhookEndpointID, event: EventID?, limit: Int) {
        self.endpoint = endpoint
        self.event = event
        self.limit = limit
    }
}

/// Queries about merchants, their API keys, bots, endpoints and events.
extension Settlement {
    /// A merchant; nil when there is none.
    ///
    /// - Throws: what the database throws.
    package func merchant(_ id: MerchantID) async throws -> MerchantRecord? {
        try await database.read { try $0.merchant(id) }
    }

    /// All merchants, the newest first.
    ///
    /// - Throws: ``UnknownCursor`` when the cursor's object is not in the list, and what the database throws.
    package func merchants(in page: Page) async throws -> [MerchantRecord] {
        try await database.read { try $0.merchants(in: page) }
    }

    /// An API key, also a revoked one; nil when there is none.
    ///
    /// - Throws: what the database throws.
    package func apiKey(_ id: APIKeyID) async throws -> APIKeyRecord? {
        try await database.lookUp { try $0.apiKey(id) }
    }

    /// A merchant's API keys.
    ///
    /// - Throws: what the database throws.
    package func apiKeys(of merchant: MerchantID) async throws -> [APIKeyRecord] {
        try await database.read { try $0.apiKeys(of: merchant) }
    }

    /// A bot of a merchant, or any bot for the operator; nil when there is none.
    ///
    /// - Throws: what the database throws.
    package func bot(_ id: BotID, of merchant: MerchantID) async throws -> BotRecord? {
        let found = try await database.read { try $0.bot(id) }
        return merchant == operatorMerchant || found?.merchant == merchant ? found : nil
    }

    /// A merchant's bots; for the operator all.
    ///
    /// - Throws: ``UnknownCursor`` when the cursor's object is not in the list, and what the database throws.
    package func bots(of merchant: MerchantID, in page: Page) async throws -> [BotRecord] {
        let owner = merchant == operatorMerchant ? nil : merchant
        return try await database.read { try $0.bots(of: owner, in: page) }
    }

    /// A merchant's endpoint; nil when there is none.
    ///
    /// - Throws: what the database throws.
    package func endpoint(_ id: WebhookEndpointID, of merchant: MerchantID) async throws -> WebhookEndpointRecord? {
        let found = try await database.read { try $0.endpoint(id) }
        return found?.merchant == merchant ? found : nil
    }

    /// A merchant's endpoints, in the order in which they were added.
    ///
    /// - Throws: what the database throws.
    package func endpoints(of merchant: MerchantID) async throws -> [WebhookEndpointRecord] {
        try await database.read { try $0.endpoints(of: merchant) }
    }

    /// The latest delivery attempts at an endpoint, of all events or of one; those of the newest event first.
    ///
    /// - Throws: what the database throws.
    package func attempts(
        _ list: AttemptList
    ) async throws -> [(event: EventID, attempt: DeliveryAttempt)] {
        try await database.read { try $0.attempts(at: list.endpoint, event: list.event, limit: list.limit) }
    }

    /// A merchant's event; nil when there is none.
    ///
    /// - Throws: what the database throws.
    package func event(
        _ id: EventID,
        of merchant: MerchantID,
        withPersonalData: Bool
    ) async throws -> EventRecord? {
        try await database.read { session in
            guard let event = try session.event(id), event.merchant == merchant else { return nil }
            return withPersonalData ? try self.withPersonalData(event, in: session) : event
        }
    }

    /// A merchant's events, the newest first.
    ///
    /// - Throws: ``UnknownCursor`` when the cursor's object is not in the list, and what the database throws.
    package func events(
        of merchant: MerchantID,
        in page: Page,
        withPersonalData: Bool
    ) async throws -> [EventRecord] {
        try await database.read { session in
            let found = try session.events(of: merchant, in: page)
            return withPersonalData ? try found.map { try self.withPersonalData($0, in: session) } : found
        }
    }

    /// How much work waits, by the names of the metrics.
    ///
    /// - Throws: what the database throws.
    package func backlog() async throws -> [(name: String, value: Int)] {
        let now = clock.now()
        return try await database.read { session in
            [
                ("outbox_depth", try session.outboxDepth()), ("inbox_depth", try session.inboxDepth()),
                ("open_cases", try session.openCaseCount()), ("set_aside", try session.setAsideCount()),
                ("disabled_endpoints", try session.disabledEndpointCount()),
                ("overdue_transfers", try OverdueTransfers.list(in: session, at: now).count),
            ]
        }
    }
}
