import Ledger
package import Payments
package import Records
package import Seams

/// Merchants' endpoints, and the spans of events that each gets.
extension SQLSession {
    static var endpointColumns: String {
        """
        w.id, w.merchant, w.url, w.sealed_secret, w.types, w.created_at, w.disabled_at, w.disabled_reason,
        w.previous_secret, w.previous_until, w.personal_data, w.ordered, w.version
        """
    }

    /// Stores a new endpoint; it gets the events that are stored from now on.
    package func insert(_ endpoint: WebhookEndpointRecord) throws {
        try execute(
            """
            INSERT INTO webhook_endpoints (id, merchant, url, sealed_secret, types, created_at, personal_data, ordered,
            book) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            [
                .id(endpoint.id), .id(endpoint.merchant), .text(endpoint.url), .blob(endpoint.sealedSecret),
                .text(endpoint.types.joined(separator: " ")), .moment(endpoint.createdAt),
                .integer(endpoint.takesPersonalData ? 1 : 0), .integer(endpoint.isOrdered ? 1 : 0),
                try place(of: endpoint.merchant),
            ]
        )
        try openSpan(of: endpoint.id)
    }

    /// Stores an endpoint's secrets, whether it gets one event at a time, and whether it is disabled; its version grows.
    ///
    /// It does not get events that are stored while it is disabled; earlier ones that were not sent yet wait.
    package func update(_ endpoint: inout WebhookEndpointRecord) throws {
        endpoint.version += 1
        try execute(
            """
            UPDATE webhook_endpoints SET sealed_secret = $1, disabled_at = $2, disabled_reason = $3,
            previous_secret = $4, previous_until = $5, ordered = $6, version = $7 WHERE book = $9 AND id = $8
            """,
            [
                .blob(endpoint.sealedSecret), .moment(endpoint.disabledAt), .text(endpoint.disabledReason),
                .blob(endpoint.previousSecret), .moment(endpoint.previousUntil),
                .integer(endpoint.isOrdered ? 1 : 0), .integer(endpoint.version), .id(endpoint.id),
                try place(of: endpoint.merchant),
            ]
        )
        try endpoint.disabledAt == nil ? openSpan(of: endpoint.id) : closeSpan(of: endpoint.id)
    }

    /// Has an endpoint get the events that are stored from now on, if it does not already.
    private func openSpan(of endpoint: WebhookEndpointID) throws {
        // When nothing was stored since it was disabled, nothing was left out.
        try execute(
            """
            UPDATE endpoint_positions SET until = NULL WHERE \(within()) AND endpoint = $1
            AND until = \(Self.lastEvent(of: "endpoint_positions.book"))
            """,
            [.id(endpoint)]
        )
        try execute(
            """
            INSERT INTO endpoint_positions (book, endpoint, start, position)
            SELECT w.book, w.id, \(Self.lastEvent(of: "w.book")), \(Self.lastEvent(of: "w.book")) FROM webhook_endpoints w
            WHERE \(within("w")) AND w.id = $1 AND NOT EXISTS (SELECT 1 FROM endpoint_positions p
            WHERE p.book = w.book AND p.endpoint = w.id AND p.until IS NULL)
            """,
            [.id(endpoint)]
        )
    }

    /// Has an endpoint get none of the events that are stored from now on.
    private func closeSpan(of endpoint: WebhookEndpointID) throws {
        try execute(
            """
            UPDATE endpoint_positions SET until = \(Self.lastEvent(of: "endpoint_positions.book"))
            WHERE \(within()) AND endpoint = $1 AND until IS NULL
            """,
            [.id(endpoint)]
        )
    }

    /// Deletes an endpoint; the log of its attempts stays in the database, and events that still waited are not sent.
    package func delete(_ endpoint: WebhookEndpointRecord, at moment: Timestamp) throws {
        try execute(
            "UPDATE webhook_endpoints SET deleted_at = $1, claim = claim + 1 WHERE \(within()) AND id = $2",
            [.moment(moment), .id(endpoint.id)]
        )
        for table in ["event_retries", "endpoint_positions"] {
            try execute("DELETE FROM \(table) WHERE \(within()) AND endpoint = $1", [.id(endpoint.id)])
        }
    }

    /// An endpoint that was not deleted.
    package func endpoint(_ id: WebhookEndpointID) throws -> WebhookEndpointRecord? {
        try first(
            """
            SELECT \(Self.endpointColumns) FROM webhook_endpoints w
            WHERE \(within("w")) AND w.id = $1 AND w.deleted_at IS NULL
            """,
            [.id(id)]
        ) { try $0.endpoint() }
    }

    /// A merchant's endpoints, in the order in which they were added.
    package func endpoints(of merchant: MerchantID) throws -> [WebhookEndpointRecord] {
        try all(
            """
            SELECT \(Self.endpointColumns) FROM webhook_endpoints w
            WHERE \(within("w")) AND w.merchant = $1 AND w.deleted_at IS NULL ORDER BY w.id
            """,
            [.id(merchant)]
        ) { try $0.endpoint() }
    }

    /// The endpoint that answers a merchant's stock questions, when it has one: the first that was added.
    package func stockEndpoint(of merchant: MerchantID) throws -> WebhookEndpointRecord? {
        try endpoints(of: merchant).first(where: \.answersStockQuestions)
    }
}

extension SQLRow {
    mutating func endpoint() throws -> WebhookEndpointRecord {
        let (id, merchant): (WebhookEndpointID, MerchantID) = (try self.id(), try self.id())
        let (url, secret) = (try text(), try blob())
        let types = WebhookEndpointRecord.types(in: try text())
        let (createdAt, disabledAt) = (try moment(), try optionalMoment())
        let disabledReason = try optionalText()
        let (previousSecret, previousUntil) = (try optionalBlob(), try optionalMoment())
        let (takesPersonalData, isOrdered) = (try flag(), try flag())
        var endpoint = WebhookEndpointRecord(
            id: id,
            merchant: merchant,
            url: url,
            sealedSecret: secret,
            types: types,
            takesPersonalData: takesPersonalData,
            isOrdered: isOrdered,
            createdAt: createdAt,
            disabledAt: disabledAt,
            disabledReason: disabledReason,
            previousSecret: previousSecret,
            previousUntil: previousUntil
        )
        endpoint.version = try integer()
        return endpoint
    }
}
