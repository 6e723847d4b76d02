package import Payments
package import Records
package import Seams

/// The exclusive right to send an endpoint its due events, until somebody else takes it.
///
/// Its token grows with every turn. A worker that was stopped for longer than its turn changes nothing any more: the clock
/// decides who sends, and never what is stored.
package struct EndpointTurn: Hashable, Sendable {
    /// The endpoint.
    package let endpoint: WebhookEndpointRecord
    /// The number of the turn.
    let token: Int64
    /// The due deliveries: retries first, then events that were never sent, each in the order of events.
    package let deliveries: [DueDelivery]
    /// Whether there are more events to read: many were passed over that the endpoint does not take.
    package let hasMore: Bool

    /// The same turn at the endpoint as it is now, with the next deliveries.
    func going(on endpoint: WebhookEndpointRecord, _ due: (deliveries: [DueDelivery], hasMore: Bool)) -> Self {
        Self(endpoint: endpoint, token: token, deliveries: due.deliveries, hasMore: due.hasMore)
    }
}

/// Turns at endpoints.
extension SQLSession {
    /// How many events are read at a time for an endpoint that takes only some types.
    private static var step: Int { 500 }

    /// Takes a turn at an endpoint, and moves its position over events that it does not take.
    ///
    /// - Parameters:
    ///   - id: the endpoint.
    ///   - moment: the current moment.
    ///   - end: until when the turn is the caller's.
    ///   - limit: the most events that are sent in the turn.
    /// - Throws: what the database throws.
    /// - Returns: the turn, which has ended when nothing is due; nil while somebody else has it, or when the endpoint
    ///   was switched off or deleted.
    package func takeTurn(
        at id: WebhookEndpointID,
        at moment: Timestamp,
        until end: Timestamp,
        limit: Int
    ) throws -> EndpointTurn? {
        let bounds = Self.dueBounds(at: moment)
        let (changed, found) = try change(
            SQLStatement(
                """
                UPDATE webhook_endpoints AS w SET claim = claim + 1, claimed_until = $3
                WHERE \(within("w")) AND w.id = $4 AND w.deleted_at IS NULL AND \(Self.isOn) AND \(Self.isFree)
                """,
                bounds + [.moment(end), .id(id)]
            ),
            thenQuery: SQLStatement(
                "SELECT w.claim, \(Self.endpointColumns) FROM webhook_endpoints w WHERE \(within("w")) AND w.id = $1",
                [.id(id)]
            )
        )
        guard changed == 1, var row = found.first else { return nil }
        let (token, endpoint) = (try row.integer(), try row.endpoint())
        let due = try due(to: endpoint, at: moment, besides: [], limit: limit)
        let turn = EndpointTurn(endpoint: endpoint, token: token, deliveries: due.deliveries, hasMore: due.hasMore)
        if due.deliveries.isEmpty { try keep(turn, until: nil) }
        return turn
    }

    /// The due deliveries of an endpoint besides some that the worker has: retries, and then events that it was never
    /// sent.
    func due(
        to endpoint: WebhookEndpointRecord,
        at moment: Timestamp,
        besides held: [DueDelivery],
        limit: Int
    ) throws -> (deliveries: [DueDelivery], hasMore: Bool) {
        let rows = try queryAll([
            SQLStatement(
                """
                SELECT e.id, r.sequence, r.attempts, r.next_attempt_at FROM event_retries r
                JOIN events e ON e.book = r.book AND e.sequence = r.sequence
                WHERE \(within("r")) AND r.endpoint = $3 AND \(Self.isDue) ORDER BY r.sequence LIMIT $4
                """,
                Self.dueBounds(at: moment) + [.id(endpoint.id), .integer(Int64(limit + held.count))]
            ),
            SQLStatement(
                "SELECT start, position, until FROM endpoint_positions WHERE \(within()) AND endpoint = $1 ORDER BY start",
                [.id(endpoint.id)]
            ),
        ])
        let known = Set(held.map(\.sequence))
        let retries = try rows[0].decoded { try $0.retry() }.filter { !known.contains($0.sequence) }.prefix(limit)
        guard retries.count < limit else { return (Array(retries), false) }
        let spans = try rows[1].decoded { try $0.span() }
        let next = try nextEvents(to: endpoint, in: spans, behind: held, limit: limit - retries.count)
        return (retries + next.deliveries, next.hasMore)
    }

    /// Keeps a turn until a later moment, or ends it.
    ///
    /// - Returns: the endpoint as it is now; nil when the turn was not the caller's any more.
    @discardableResult
    func keep(_ turn: EndpointTurn, until end: Timestamp?) throws -> WebhookEndpointRecord? {
        let (changed, found) = try change(
            SQLStatement(
                "UPDATE webhook_endpoints SET claimed_until = $1 WHERE \(within()) AND id = $2 AND claim = $3",
                [.moment(end), .id(turn.endpoint.id), .integer(turn.token)]
            ),
            thenQuery: SQLStatement(
                "SELECT \(Self.endpointColumns) FROM webhook_endpoints w WHERE \(within("w")) AND w.id = $1",
                [.id(turn.endpoint.id)]
            )
        )
        guard changed == 1, var row = found.first else { return nil }
        return try row.endpoint()
    }

    /// Ends every turn: those of a process that has died, where no other works on the database.
    package func endTurns() throws {
        try execute("UPDATE webhook_endpoints SET claimed_until = NULL WHERE claimed_until IS NOT NULL", [])
    }

    /// The next events for an endpoint behind those that the worker has, of the first span that has any; where the
    /// worker has none, positions move over events that the endpoint does not take.
    private func nextEvents(
        to endpoint: WebhookEndpointRecord,
        in spans: [PositionSpan],
        behind held: [DueDelivery],
        limit: Int
    ) throws -> (deliveries: [DueDelivery], hasMore: Bool) {
        let step = endpoint.types.isEmpty ? limit : Self.step
        for span in spans {
            let last = held.compactMap { $0.end(in: span.start) }.max()
            let page = try all(
                """
                SELECT e.sequence, e.id, e.type FROM events e
                WHERE \(within("e")) AND e.merchant = $1 AND e.sequence > $2 AND e.sequence <= $3 ORDER BY e.sequence LIMIT $4
                """,
                [
                    .id(endpoint.merchant), .integer(max(span.position, last ?? 0)), .integer(span.until ?? .max),
                    .integer(Int64(step)),
                ]
            ) { StoredPlace(sequence: try $0.integer(), id: try $0.id(), type: try $0.text()) }
            let deliveries = page.wanted(by: endpoint, in: span, limit: limit)
            guard deliveries.isEmpty else { return (deliveries, false) }
            if span.until == nil || page.count == step {
                // A position moves over no open delivery.
                guard last == nil else { return ([], false) }
                if let end = page.last { try move(endpoint.id, span.start, to: end.sequence) }
                return ([], page.count == step)
            }
            guard last == nil else { continue }
            // All events from before the endpoint was disabled have been sent.
            try execute(
                "DELETE FROM endpoint_positions WHERE \(within()) AND endpoint = $1 AND start = $2",
                [.id(endpoint.id), .integer(span.start)]
            )
        }
        return ([], false)
    }

    /// Moves the position in one span.
    func move(_ endpoint: WebhookEndpointID, _ start: Int64, to position: Int64) throws {
        try executeOne(
            """
            UPDATE endpoint_positions SET position = $1 WHERE \(within()) AND endpoint = $2 AND start = $3
            AND position < $1
            """,
            [.integer(position), .id(endpoint), .integer(start)]
        )
    }
}

/// A part of a merchant's events that an endpoint gets.
private struct PositionSpan {
    let start: Int64
    let position: Int64
    let until: Int64?
}

/// An event among all.
private struct StoredPlace {
    let sequence: Int64
    let id: EventID
    let type: String
}

extension [StoredPlace] {
    /// The deliveries of a span's next events that an endpoint takes; with each, the position also moves over the
    /// events behind it that it does not take.
    fileprivate func wanted(by endpoint: WebhookEndpointRecord, in span: PositionSpan, limit: Int) -> [DueDelivery] {
        let wanted = indices.filter { endpoint.takes(self[$0].type) }
        return wanted.prefix(limit).enumerated().map { number, index in
            let next = number + 1 < wanted.count ? wanted[number + 1] : endIndex
            return DueDelivery(
                event: self[index].id,
                sequence: self[index].sequence,
                attempts: 0,
                place: .next(start: span.start, end: self[next - 1].sequence)
            )
        }
    }
}

extension DueDelivery {
    /// The event up to which the position of the span that begins at `start` moves with it; nil when it is in no span,
    /// or in another one.
    fileprivate func end(in start: Int64) -> Int64? {
        guard case .next(start, let end) = place else { return nil }
        return end
    }
}

extension SQLRow {
    fileprivate mutating func retry() throws -> DueDelivery {
        DueDelivery(
            event: try id(),
            sequence: try integer(),
            attempts: try int(),
            place: .retry(since: try moment())
        )
    }

    fileprivate mutating func span() throws -> PositionSpan {
        PositionSpan(start: try integer(), position: try integer(), until: try optionalInteger())
    }
}
