package import Payments
package import Records
package import Seams

/// An event on its way to an endpoint.
package struct DeliveryRecord: Hashable, Sendable {
    /// Where it stands.
    package enum State: String, Hashable, Sendable, CaseIterable {
        case pending
        case delivered
        case abandoned
    }

    /// Where it goes.
    package let endpoint: WebhookEndpointID
    /// What is sent.
    package let event: EventID
    /// Where it stands.
    package let state: State
    /// How many attempts were made.
    package let attempts: Int
    /// When it is tried again, or until when somebody tries it now.
    package let nextAttemptAt: Timestamp
}

/// An endpoint that has something due.
package struct DueEndpoint: Hashable, Sendable {
    /// The endpoint.
    package let endpoint: WebhookEndpointID
    /// Whose it is.
    package let merchant: MerchantID
    /// Whether something that is due was tried in vain.
    package let isFailing: Bool

    /// An endpoint that has something due.
    package init(endpoint: WebhookEndpointID, merchant: MerchantID, isFailing: Bool) {
        self.endpoint = endpoint
        self.merchant = merchant
        self.isFailing = isFailing
    }
}

/// Deliveries and their attempts.
extension SQLSession {
    private static var deliveryColumns: String { "d.endpoint, d.event, d.state, d.attempts, d.next_attempt_at" }

    /// The endpoints that have something due, those first whose delivery has waited longest.
    package func endpointsDue(at moment: Timestamp) throws -> [DueEndpoint] {
        try all(
            """
            SELECT d.endpoint, w.merchant, MAX(d.attempts), MIN(d.next_attempt_at) FROM deliveries d
            JOIN webhook_endpoints w ON w.id = d.endpoint WHERE d.state = \(DeliveryRecord.State.pending.code)
            AND (d.next_attempt_at <= $1 OR d.next_attempt_at > $2) GROUP BY d.endpoint, w.merchant ORDER BY 4, 1
            """,
            [.moment(moment), .moment(moment.advanced(by: Self.longestPause))]
        ) { DueEndpoint(endpoint: try $0.id(), merchant: try $0.id(), isFailing: try $0.int() > 0) }
    }

    /// What is due at one endpoint, the oldest event first.
    package func deliveriesDue(
        to endpoint: WebhookEndpointID,
        at moment: Timestamp,
        limit: Int
    ) throws -> [DeliveryRecord] {
        try all(
            """
            SELECT \(Self.deliveryColumns) FROM deliveries d
            WHERE d.endpoint = $1 AND d.state = \(DeliveryRecord.State.pending.code) 
            AND (d.next_attempt_at <= $2 OR d.next_attempt_at > $4) ORDER BY d.event LIMIT $3
            """,
            [
                .id(endpoint), .moment(moment), .integer(Int64(limit)),
                .moment(moment.advanced(by: Self.longestPause)),
            ]
        ) { try $0.delivery() }
    }

    /// Takes a delivery for oneself until a moment.
    ///
    /// - Returns: whether nobody else has taken it.
    package func claim(_ delivery: DeliveryRecord, until moment: Timestamp) throws -> Bool {
        try change(
            """
            UPDATE deliveries SET next_attempt_at = $1
            WHERE endpoint = $2 AND event = $3 AND state = \(DeliveryRecord.State.pending.code) AND next_attempt_at = $4
            """,
            [.moment(moment), .id(delivery.endpoint), .id(delivery.event), .moment(delivery.nextAttemptAt)]
        ) == 1
    }

    /// Remembers an attempt and what follows from it, if the claim of its worker still stands.
    ///
    /// - Parameters:
    ///   - attempt: the attempt.
    ///   - delivery: what was delivered.
    ///   - claim: until when the worker had claimed it: the token that another claim would have replaced.
    ///   - state: where the delivery stands after it.
    ///   - nextAttemptAt: when it is tried again.
    /// - Throws: what the database throws.
    /// - Returns: whether it did; when not, another worker has taken over and nothing is changed.
    package func record(
        _ attempt: DeliveryAttempt,
        of delivery: DeliveryRecord,
        claimedUntil claim: Timestamp,
        state: DeliveryRecord.State,
        nextAttemptAt: Timestamp
    ) throws -> Bool {
        let stands = try change(
            """
            UPDATE deliveries SET state = $1, attempts = $2, next_attempt_at = $3
            WHERE endpoint = $4 AND event = $5 AND state = \(DeliveryRecord.State.pending.code) AND next_attempt_at = $6
            """,
            [
                .code(state), .integer(Int64(attempt.number)), .moment(nextAttemptAt), .id(delivery.endpoint),
                .id(delivery.event), .moment(claim),
            ]
        )
        guard stands == 1 else { return false }
        try execute(
            """
            INSERT INTO delivery_attempts (endpoint, event, number, started_at, duration, status, failure)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
            """,
            [
                .id(delivery.endpoint), .id(delivery.event), .integer(Int64(attempt.number)),
                .moment(attempt.startedAt),
                .integer(attempt.duration.wholeMicroseconds), .integer(attempt.status.map(Int64.init)),
                .text(attempt.failure),
            ]
        )
        return true
    }

    /// The deliveries of an event.
    package func deliveries(of event: EventID) throws -> [DeliveryRecord] {
        try all(
            "SELECT \(Self.deliveryColumns) FROM deliveries d WHERE d.event = $1 ORDER BY d.endpoint",
            [.id(event)]
        ) { try $0.delivery() }
    }

    /// The attempts of a delivery, the first one first.
    package func attempts(of event: EventID, to endpoint: WebhookEndpointID) throws -> [DeliveryAttempt] {
        try all(
            """
            SELECT number, started_at, duration, status, failure FROM delivery_attempts
            WHERE endpoint = $1 AND event = $2 ORDER BY number
            """,
            [.id(endpoint), .id(event)]
        ) { try $0.attempt() }
    }

    /// The latest attempts at an endpoint, of all events or of one, those of the newest event first.
    package func attempts(
        at endpoint: WebhookEndpointID,
        event: EventID?,
        limit: Int
    ) throws -> [(event: EventID, attempt: DeliveryAttempt)] {
        var filter = Filter("a.endpoint = ", .id(endpoint))
        if let event { filter.and("a.event = ", .id(event)) }
        return try all(
            """
            SELECT a.event, a.number, a.started_at, a.duration, a.status, a.failure FROM delivery_attempts a
            WHERE \(filter.conditions.joined(separator: " AND ")) ORDER BY a.event DESC, a.number DESC LIMIT \(limit)
            """,
            filter.arguments
        ) { row in (try row.id(), try row.attempt()) }
    }

    /// How many deliveries wait.
    package func outboxDepth() throws -> Int {
        try first("SELECT COUNT(*) FROM deliveries WHERE state = \(DeliveryRecord.State.pending.code)", []) {
            try $0.int()
        } ?? 0
    }

    /// How many endpoints are switched off.
    package func disabledEndpointCount() throws -> Int {
        try first(
            "SELECT COUNT(*) FROM webhook_endpoints WHERE disabled_at IS NOT NULL AND deleted_at IS NULL",
            []
        ) { try $0.int() } ?? 0
    }

    /// How many cases wait for a person.
    package func openCaseCount() throws -> Int {
        try first("SELECT COUNT(*) FROM cases WHERE state = \(ExceptionCase.State.open.code)", []) { try $0.int() } ?? 0
    }
}

extension SQLRow {
    fileprivate mutating func attempt() throws -> DeliveryAttempt {
        DeliveryAttempt(
            number: try int(),
            startedAt: try moment(),
            duration: .microseconds(try integer()),
            status: try optionalInteger().map { Int(clamping: $0) },
            failure: try optionalText()
        )
    }

    fileprivate mutating func delivery() throws -> DeliveryRecord {
        DeliveryRecord(
            endpoint: try id(),
            event: try id(),
            state: try code(),
            attempts: try int(),
            nextAttemptAt: try moment()
        )
    }
}
