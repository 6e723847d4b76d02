import Payments
package import Records
package import Seams

/// What became of a delivery.
package struct DeliveryResult: Sendable {
    /// The delivery.
    package let delivery: DueDelivery
    /// The attempt.
    package let attempt: DeliveryAttempt
    /// When it is tried again; nil when it was taken, or is given up.
    package let next: Timestamp?

    /// The result of a delivery.
    package init(_ delivery: DueDelivery, _ attempt: DeliveryAttempt, next: Timestamp?) {
        self.delivery = delivery
        self.attempt = attempt
        self.next = next
    }
}

/// What a worker reports of its turn, to be stored in one unit of work.
package struct TurnReport: Sendable {
    /// The turn.
    package let turn: EndpointTurn
    /// The deliveries that were begun and whose results are not among ``results``.
    package let open: [DueDelivery]
    /// The deliveries that were read and not begun.
    package let waiting: [DueDelivery]
    /// The current moment.
    package let moment: Timestamp
    /// Until when the turn goes on; nil when it ends.
    package var end: Timestamp?
    /// The most deliveries to read for the rest of the turn.
    package let limit: Int
    /// The results of deliveries.
    package var results: [DeliveryResult] = []
    /// Why the endpoint is switched off; nil when it is not.
    package var disabling: String?

    /// A report without results.
    package init(
        turn: EndpointTurn,
        open: [DueDelivery],
        waiting: [DueDelivery],
        moment: Timestamp,
        end: Timestamp?,
        limit: Int
    ) {
        self.turn = turn
        self.open = open
        self.waiting = waiting
        self.moment = moment
        self.end = end
        self.limit = limit
    }
}

/// How a turn goes on after a report.
package struct TurnStep: Sendable {
    /// The turn, with the endpoint as it is now, and the next deliveries.
    package let turn: EndpointTurn
    /// The open deliveries, as they are stored now.
    package let open: [DueDelivery]
    /// Whether the turn has ended.
    package let isOver: Bool
}

/// Reports of turns.
///
/// The position of an endpoint moves over an event only when the event was taken or given up, or has a retry. So an
/// open delivery that others have overtaken is stored as a retry, due when the turn has run out: if its worker dies,
/// the next one sends it.
extension SQLSession {
    /// Stores a report, if its turn is still the worker's, and reads what comes next.
    ///
    /// The turn ends when nothing is left of it.
    ///
    /// - Throws: what the database throws.
    /// - Returns: how the turn goes on; nil when another worker has taken over and nothing is changed.
    package func proceed(_ report: TurnReport) throws -> TurnStep? {
        guard var endpoint = try keep(report.turn, until: report.end) else { return nil }
        let open = try passOver(report)
        for result in report.results { try record(result, of: endpoint.id, for: endpoint.merchant) }
        if let reason = report.disabling, endpoint.disabledAt == nil {
            endpoint.disabledAt = report.moment
            endpoint.disabledReason = reason
            try update(&endpoint)
        }
        var due: (deliveries: [DueDelivery], hasMore: Bool) = ([], false)
        if report.end != nil, report.limit > 0, endpoint.disabledAt == nil {
            due = try self.due(to: endpoint, at: report.moment, besides: open + report.waiting, limit: report.limit)
        }
        // The worker may have begun meanwhile what it has read; it gives the rest back when the endpoint is off.
        let isDone = open.isEmpty && report.waiting.isEmpty && due.deliveries.isEmpty && !due.hasMore
        if report.end != nil, isDone { try keep(report.turn, until: nil) }
        return TurnStep(turn: report.turn.going(on: endpoint, due), open: open, isOver: report.end == nil || isDone)
    }

    /// Moves the endpoint's positions to the last events that are reported, and stores a retry for each open delivery
    /// that they pass.
    ///
    /// - Returns: the open deliveries, as they are stored now.
    private func passOver(_ report: TurnReport) throws -> [DueDelivery] {
        var last: [Int64: (sequence: Int64, end: Int64)] = [:]
        for result in report.results {
            guard case .next(let start, let end) = result.delivery.place else { continue }
            let sequence = result.delivery.sequence
            if sequence > last[start]?.sequence ?? .min { last[start] = (sequence, end) }
        }
        let endpoint = report.turn.endpoint.id
        for (start, place) in last { try move(endpoint, start, to: place.end) }
        let moment = report.end ?? report.moment
        return try report.open.map { delivery in
            guard case .next(let start, _) = delivery.place, delivery.sequence < last[start]?.sequence ?? .min else {
                return delivery
            }
            try execute(
                """
                INSERT INTO event_retries (book, endpoint, sequence, attempts, next_attempt_at, failed)
                SELECT w.book, w.id, $2, $3, $4, 0 FROM webhook_endpoints w WHERE \(within("w")) AND w.id = $1
                """,
                [
                    .id(endpoint), .integer(delivery.sequence), .integer(Int64(delivery.attempts)), .moment(moment),
                ]
            )
            return delivery.retried(since: moment)
        }
    }

    /// Stores the result of a delivery.
    private func record(
        _ result: DeliveryResult,
        of endpoint: WebhookEndpointID,
        for merchant: MerchantID
    ) throws {
        let (delivery, attempt) = (result.delivery, result.attempt)
        let (sequence, number) = (SQLValue.integer(delivery.sequence), SQLValue.integer(Int64(attempt.number)))
        if let next = result.next {
            try execute(
                """
                INSERT INTO event_retries (book, endpoint, sequence, attempts, next_attempt_at, failed)
                SELECT w.book, w.id, $2, $3, $4, 1 FROM webhook_endpoints w WHERE \(within("w")) AND w.id = $1
                ON CONFLICT (book, endpoint, sequence) DO UPDATE SET attempts = excluded.attempts,
                next_attempt_at = excluded.next_attempt_at, failed = 1
                """,
                [.id(endpoint), sequence, number, .moment(next)]
            )
        } else if case .retry(let since) = delivery.place {
            // A redelivery that was asked for meanwhile stays.
            try execute(
                """
                DELETE FROM event_retries WHERE \(within()) AND endpoint = $1 AND sequence = $2 AND next_attempt_at = $3
                """,
                [.id(endpoint), sequence, .moment(since)]
            )
            try execute(
                "UPDATE event_retries SET attempts = $3, failed = 0 WHERE \(within()) AND endpoint = $1 AND sequence = $2",
                [.id(endpoint), sequence, number]
            )
        }
        try execute(
            """
            INSERT INTO delivery_attempts (book, endpoint, event, number, started_at, duration, status, failure)
            VALUES ($8, $1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
            """,
            [
                .id(endpoint), .id(delivery.event), number, .moment(attempt.startedAt),
                .integer(attempt.duration.wholeMicroseconds), .integer(attempt.status.map(Int64.init)),
                .text(attempt.failure), try place(of: merchant),
            ]
        )
    }
}
