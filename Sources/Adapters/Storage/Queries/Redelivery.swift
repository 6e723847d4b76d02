package import Payments
package import Records
package import Seams

/// Events that are sent again at a merchant's request.
extension SQLSession {
    /// Has an event sent to an endpoint of its merchant again, or for the first time when the endpoint was never to get
    /// it.
    ///
    /// An event that the endpoint is still to get comes in its turn.
    package func deliver(
        _ event: EventID,
        of type: String,
        to endpoint: WebhookEndpointRecord,
        at moment: Timestamp
    ) throws {
        let isToldAnyhow = """
            AND NOT EXISTS (SELECT 1 FROM endpoint_positions p WHERE p.book = w.book AND p.endpoint = w.id
            AND e.sequence > p.position AND e.sequence <= COALESCE(p.until, \(Int64.max)))
            """
        try execute(
            """
            INSERT INTO event_retries (book, endpoint, sequence, attempts, next_attempt_at, failed)
            SELECT w.book, w.id, e.sequence, (SELECT COALESCE(MAX(a.number), 0) FROM delivery_attempts a
            WHERE a.book = w.book AND a.endpoint = w.id AND a.event = e.id), $1, 0
            FROM webhook_endpoints w JOIN events e ON e.book = w.book AND e.merchant = w.merchant
            WHERE \(within("w")) AND w.id = $2 AND e.id = $3
            \(endpoint.takes(type) ? isToldAnyhow : "")
            ON CONFLICT (book, endpoint, sequence) DO UPDATE SET next_attempt_at = excluded.next_attempt_at
            """,
            [.moment(moment), .id(endpoint.id), .id(event)]
        )
    }

    /// Has a merchant's events between two moments sent to an endpoint again.
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
            SELECT e.id, e.type FROM events e WHERE \(within("e")) AND e.merchant = $1 AND e.created_at >= $2
            AND e.created_at < $3
            ORDER BY e.sequence LIMIT $4
            """,
            [.id(endpoint.merchant), .moment(start), .moment(end), .integer(Int64(limit) + 1)]
        ) { row -> (id: EventID, type: String) in (try row.id(), try row.text()) }
        let wanted = found.prefix(limit).filter { endpoint.takes($0.type) }
        for event in wanted { try deliver(event.id, of: event.type, to: endpoint, at: moment) }
        return (wanted.count, found.count <= limit)
    }
}
