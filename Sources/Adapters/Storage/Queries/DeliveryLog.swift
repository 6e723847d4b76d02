package import Payments
package import Records
import Seams

/// The delivery of an event to an endpoint.
package struct DeliveryRecord: Hashable, Sendable {
    /// The state of the delivery.
    package enum State: Hashable, Sendable {
        case pending
        case delivered
        case abandoned
    }

    /// The endpoint.
    package let endpoint: WebhookEndpointID
    /// The state of the delivery.
    package let state: State
    /// How many attempts were made.
    package let attempts: Int
}

/// The outcomes of deliveries, and how many wait.
extension SQLSession {
    /// The deliveries of an event, one for each endpoint that gets it or got it.
    package func deliveries(of event: EventID) throws -> [DeliveryRecord] {
        var found: [WebhookEndpointID: DeliveryRecord] = [:]
        // The first attempt comes first, so that the last one decides the state.
        let attempted = try all(
            """
            SELECT a.endpoint, a.number, a.status FROM events e
            JOIN webhook_endpoints w ON w.book = e.book AND w.merchant = e.merchant
            JOIN delivery_attempts a ON a.book = w.book AND a.endpoint = w.id AND a.event = e.id
            WHERE \(within("e")) AND e.id = $1 ORDER BY a.number
            """,
            [.id(event)]
        ) { row -> DeliveryRecord in
            let (id, number, status) = (try row.id(WebhookEndpointKind.self), try row.int(), try row.optionalInteger())
            let isTaken = status.map { (200..<300).contains($0) } ?? false
            return DeliveryRecord(endpoint: id, state: isTaken ? .delivered : .abandoned, attempts: number)
        }
        let retried = try all(
            """
            SELECT r.endpoint, r.attempts FROM events e
            JOIN webhook_endpoints w ON w.book = e.book AND w.merchant = e.merchant
            JOIN event_retries r ON r.book = e.book AND r.endpoint = w.id AND r.sequence = e.sequence
            WHERE \(within("e")) AND e.id = $1
            """,
            [.id(event)]
        ) { DeliveryRecord(endpoint: try $0.id(), state: .pending, attempts: try $0.int()) }
        let next = try all(
            """
            SELECT e.type, \(Self.endpointColumns) FROM events e
            JOIN webhook_endpoints w ON w.book = e.book AND w.merchant = e.merchant
            JOIN endpoint_positions p ON p.book = w.book AND p.endpoint = w.id AND e.sequence > p.position
            AND e.sequence <= COALESCE(p.until, \(Int64.max)) WHERE \(within("e")) AND e.id = $1
            """,
            [.id(event)]
        ) { (type: try $0.text(), endpoint: try $0.endpoint()) }
        let untold = next.filter { $0.endpoint.takes($0.type) }
        for record in attempted + retried { found[record.endpoint] = record }
        for (_, endpoint) in untold {
            found[endpoint.id] = DeliveryRecord(endpoint: endpoint.id, state: .pending, attempts: 0)
        }
        return found.values.sorted { $0.endpoint < $1.endpoint }
    }

    /// The attempts of a delivery, the first one first.
    package func attempts(of event: EventID, to endpoint: WebhookEndpointID) throws -> [DeliveryAttempt] {
        try all(
            """
            SELECT number, started_at, duration, status, failure FROM delivery_attempts
            WHERE \(within()) AND endpoint = $1 AND event = $2 ORDER BY number
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
            WHERE \(within("a"))
            AND \(filter.conditions.joined(separator: " AND ")) ORDER BY a.event DESC, a.number DESC LIMIT \(limit)
            """,
            filter.arguments
        ) { row in (try row.id(), try row.attempt()) }
    }

    /// How many deliveries wait, for their first attempt or for a retry; not those to endpoints that are switched off.
    ///
    /// It costs a lookup for each endpoint, and a row for each delivery that waits.
    package func outboxDepth() throws -> Int {
        let retried =
            try first(
                """
                SELECT COUNT(*) FROM event_retries r JOIN webhook_endpoints w ON w.book = r.book AND w.id = r.endpoint
                WHERE \(Self.isOn)
                """,
                []
            ) { try $0.int() } ?? 0
        let untold = try all(
            """
            SELECT w.types, e.type, COUNT(*) FROM endpoint_positions p
            JOIN webhook_endpoints w ON w.book = p.book AND w.id = p.endpoint
            JOIN events e ON e.book = w.book AND e.merchant = w.merchant AND e.sequence > p.position
            AND e.sequence <= COALESCE(p.until, \(Int64.max)) WHERE \(Self.isOn) GROUP BY w.types, e.type
            """,
            []
        ) { row in
            (types: WebhookEndpointRecord.types(in: try row.text()), type: try row.text(), count: try row.int())
        }
        return untold.reduce(retried) { sum, row in
            sum + (WebhookEndpointRecord.takes(row.type, of: row.types) ? row.count : 0)
        }
    }

    /// How many endpoints are disabled.
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
}
