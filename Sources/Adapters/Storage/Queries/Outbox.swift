import Cryptography
package import Payments
package import Records
package import Seams

/// The outbox and who wants to hear of it.
extension SQLSession {
    private static var eventColumns: String { "e.id, e.merchant, e.type, e.subject, e.body, e.created_at" }

    /// Puts an event in the outbox; before the commit, each endpoint that wants it gets a delivery.
    package func append(_ event: EventRecord) throws {
        group.hasNews = true
        try execute(
            "INSERT INTO events (id, merchant, type, subject, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
            [
                .id(event.id), .id(event.merchant), .text(event.type), .text(event.subject), .text(event.body),
                .moment(event.createdAt),
            ]
        )
        group.newEvents.append(
            GroupState.NewEvent(
                id: event.id,
                merchant: event.merchant,
                type: event.type,
                createdAt: event.createdAt
            )
        )
    }

    /// Makes deliveries of the events of this group, for the endpoints that there are now.
    func addressEvents() throws {
        let unknown = Set(group.newEvents.map(\.merchant)).filter { group.endpoints[$0] == nil }
        let found = try queryAll(unknown.map(Self.endpoints))
        for (merchant, rows) in zip(unknown, found) {
            group.endpoints[merchant] = try rows.decoded { try $0.endpoint() }
        }
        for event in group.newEvents {
            for endpoint in group.endpoints[event.merchant] ?? [] where endpoint.takes(event.type) {
                try deliver(event.id, to: endpoint.id, at: event.createdAt)
            }
        }
        group.newEvents = []
    }

    /// Has what happened before a change of a merchant's endpoints sent to those that there were.
    private func forgetEndpoints(of merchant: MerchantID) throws {
        try addressEvents()
        group.endpoints[merchant] = nil
    }

    /// Has an event sent to an endpoint, or sent again.
    package func deliver(_ event: EventID, to endpoint: WebhookEndpointID, at moment: Timestamp) throws {
        try execute(
            """
            INSERT INTO deliveries (endpoint, event, state, attempts, next_attempt_at) VALUES ($1, $2, \(DeliveryRecord.State.pending.code), 0, $3)
            ON CONFLICT (endpoint, event) DO UPDATE SET state = \(DeliveryRecord.State.pending.code), next_attempt_at = excluded.next_attempt_at
            """,
            [.id(endpoint), .id(event), .moment(moment)]
        )
    }

    /// Has a merchant's events of a time sent to an endpoint again.
    ///
    /// - Returns: how many are sent, and whether there were no more than `limit` to look at.
    package func redeliver(
        to endpoint: WebhookEndpointRecord,
        from start: Timestamp,
        until end: Timestamp,
        limit: Int,
        at moment: Timestamp
    ) throws -> (sent: Int, isComplete: Bool) {
        let found = try all(
            """
            SELECT e.id, e.type FROM events e WHERE e.merchant = $1 AND e.created_at >= $2 AND e.created_at < $3
            ORDER BY e.id LIMIT $4
            """,
            [.id(endpoint.merchant), .moment(start), .moment(end), .integer(Int64(limit) + 1)]
        ) { row -> (EventID, String) in (try row.id(), try row.text()) }
        let wanted = found.prefix(limit).filter { endpoint.takes($0.1) }
        for (id, _) in wanted { try deliver(id, to: endpoint.id, at: moment) }
        return (wanted.count, found.count <= limit)
    }

    /// An event.
    package func event(_ id: EventID) throws -> EventRecord? {
        try first("SELECT \(Self.eventColumns) FROM events e WHERE e.id = $1", [.id(id)]) { try $0.event() }
    }

    /// A merchant's events, the newest first.
    package func events(of merchant: MerchantID, in page: Page) throws -> [EventRecord] {
        try list(
            Self.eventColumns,
            from: "events e",
            id: "e.id",
            of: EventKind.self,
            Filter("e.merchant = ", .id(merchant)),
            in: page
        ) {
            try $0.event()
        }
    }

    /// Calls `body` with one event of any merchant after the other, the oldest first; one that cannot be read has its
    /// identifier only.
    package func eachEvent(_ body: (_ id: String, EventRecord?) throws -> Void) throws {
        var last: [UInt8] = []
        while true {
            let page = "SELECT e.id, \(Self.eventColumns) FROM events e WHERE e.id > $1 ORDER BY e.id LIMIT 500"
            let rows = try query(page, [.blob(last)])
            guard !rows.isEmpty else { return }
            for stored in rows {
                var row = stored
                last = try row.blob()
                try body(EventID(bytes: last)?.text ?? Hex.encode(last), try? row.event())
            }
        }
    }

    // MARK: - Endpoints

    private static var endpointColumns: String {
        """
        w.id, w.merchant, w.url, w.sealed_secret, w.types, w.created_at, w.disabled_at, w.disabled_reason,
        w.previous_secret, w.previous_until, w.personal_data
        """
    }

    /// Stores a new endpoint.
    package func insert(_ endpoint: WebhookEndpointRecord) throws {
        try forgetEndpoints(of: endpoint.merchant)
        try execute(
            """
            INSERT INTO webhook_endpoints (id, merchant, url, sealed_secret, types, created_at, personal_data)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            [
                .id(endpoint.id), .id(endpoint.merchant), .text(endpoint.url), .blob(endpoint.sealedSecret),
                .text(endpoint.types.joined(separator: " ")), .moment(endpoint.createdAt),
                .integer(endpoint.takesPersonalData ? 1 : 0),
            ]
        )
    }

    /// Stores an endpoint's secrets and whether it is switched off.
    package func update(_ endpoint: WebhookEndpointRecord) throws {
        try forgetEndpoints(of: endpoint.merchant)
        try execute(
            """
            UPDATE webhook_endpoints SET sealed_secret = $1, disabled_at = $2, disabled_reason = $3,
            previous_secret = $4, previous_until = $5 WHERE id = $6
            """,
            [
                .blob(endpoint.sealedSecret), .moment(endpoint.disabledAt), .text(endpoint.disabledReason),
                .blob(endpoint.previousSecret), .moment(endpoint.previousUntil),
                .id(endpoint.id),
            ]
        )
    }

    /// Takes an endpoint away; what was sent to it stays in the log of the database, and what still waited is not sent.
    package func delete(_ endpoint: WebhookEndpointRecord, at moment: Timestamp) throws {
        try forgetEndpoints(of: endpoint.merchant)
        try execute(
            "UPDATE webhook_endpoints SET deleted_at = $1 WHERE id = $2",
            [.moment(moment), .id(endpoint.id)]
        )
        try execute(
            "UPDATE deliveries SET state = \(DeliveryRecord.State.abandoned.code) WHERE endpoint = $1 AND state = \(DeliveryRecord.State.pending.code)",
            [.id(endpoint.id)]
        )
    }

    /// An endpoint that was not taken away.
    package func endpoint(_ id: WebhookEndpointID) throws -> WebhookEndpointRecord? {
        try first(
            "SELECT \(Self.endpointColumns) FROM webhook_endpoints w WHERE w.id = $1 AND w.deleted_at IS NULL",
            [.id(id)]
        ) { try $0.endpoint() }
    }

    /// A merchant's endpoints, in the order in which they were added.
    package func endpoints(of merchant: MerchantID) throws -> [WebhookEndpointRecord] {
        if let known = group.endpoints[merchant] { return known }
        let statement = Self.endpoints(of: merchant)
        let endpoints = try all(statement.sql, statement.arguments) { try $0.endpoint() }
        group.endpoints[merchant] = endpoints
        return endpoints
    }

    private static func endpoints(of merchant: MerchantID) -> SQLStatement {
        SQLStatement(
            """
            SELECT \(endpointColumns) FROM webhook_endpoints w
            WHERE w.merchant = $1 AND w.deleted_at IS NULL ORDER BY w.id
            """,
            [.id(merchant)]
        )
    }

    /// The endpoint that says whether a merchant's goods are there, when it has one: the first that was added.
    package func stockEndpoint(of merchant: MerchantID) throws -> WebhookEndpointRecord? {
        try endpoints(of: merchant).first(where: \.answersStockQuestions)
    }
}

extension SQLRow {
    mutating func event() throws -> EventRecord {
        EventRecord(
            id: try id(),
            merchant: try id(),
            type: try text(),
            subject: try text(),
            body: try text(),
            createdAt: try moment()
        )
    }

    fileprivate mutating func endpoint() throws -> WebhookEndpointRecord {
        let (id, merchant): (WebhookEndpointID, MerchantID) = (try self.id(), try self.id())
        let (url, secret) = (try text(), try blob())
        let types = try text().split(separator: " ").map(String.init)
        let (createdAt, disabledAt) = (try moment(), try optionalMoment())
        let disabledReason = try optionalText()
        let (previousSecret, previousUntil) = (try optionalBlob(), try optionalMoment())
        return WebhookEndpointRecord(
            id: id,
            merchant: merchant,
            url: url,
            sealedSecret: secret,
            types: types,
            takesPersonalData: try int() == 1,
            createdAt: createdAt,
            disabledAt: disabledAt,
            disabledReason: disabledReason,
            previousSecret: previousSecret,
            previousUntil: previousUntil
        )
    }
}
