package import Payments
package import Seams

/// An endpoint with due deliveries.
package struct DueEndpoint: Hashable, Sendable {
    /// The endpoint.
    package let endpoint: WebhookEndpointID
    /// Whose it is.
    package let merchant: MerchantID
    /// Whether a delivery waits whose attempts have failed.
    package let isFailing: Bool

    /// An endpoint with due deliveries.
    package init(endpoint: WebhookEndpointID, merchant: MerchantID, isFailing: Bool) {
        self.endpoint = endpoint
        self.merchant = merchant
        self.isFailing = isFailing
    }
}

/// An event that is due to an endpoint.
package struct DueDelivery: Hashable, Sendable {
    /// Whether it is a first attempt or a retry.
    enum Place: Hashable, Sendable {
        /// It was never sent, and is the next one in the span that begins at `start`. The endpoint takes nothing behind
        /// it up to `end`, to which the position moves with it.
        case next(start: Int64, end: Int64)
        /// It waits for a retry, which is due since a moment.
        case retry(since: Timestamp)
    }

    /// The event.
    package let event: EventID
    /// Its place in the order of the events of its book.
    let sequence: Int64
    /// How many attempts were made.
    package let attempts: Int
    /// Whether it is a first attempt or a retry.
    let place: Place

    /// The delivery as one that waits for a retry, which is due since a moment.
    func retried(since moment: Timestamp) -> Self {
        Self(event: event, sequence: sequence, attempts: attempts, place: .retry(since: moment))
    }
}

/// Deliveries that are due.
///
/// An event is one row, however many endpoints take it. An endpoint has a position in the order of events, and a row
/// for each event up to there that was not taken, or that is to be sent again.
extension SQLSession {
    /// Whether nobody has a turn at an endpoint, in a statement whose arguments `$1` and `$2` are now and the end of the
    /// longest pause.
    static var isFree: String {
        "(w.claimed_until IS NULL OR w.claimed_until <= $1 OR w.claimed_until > $2)"
    }

    /// Whether an endpoint is sent events; what waits for one that is switched off waits until it is on again.
    static var isOn: String { "w.disabled_at IS NULL" }

    /// Whether a retry is due, in a statement with the same arguments.
    static var isDue: String { "(r.next_attempt_at <= $1 OR r.next_attempt_at > $2)" }

    /// A column of the first event of a span that was not told yet.
    ///
    /// Each span has a lookup of its own in the index: an endpoint without news costs one lookup.
    private static func nextEvent(_ column: String) -> String {
        """
        (SELECT e.\(column) FROM events e WHERE e.book = w.book AND e.merchant = w.merchant
        AND e.sequence > p.position ORDER BY e.sequence LIMIT 1)
        """
    }

    /// Whether a delivery to an endpoint waits whose attempts have failed.
    private static var isFailing: String {
        """
        CASE WHEN EXISTS (SELECT 1 FROM event_retries f WHERE f.book = w.book AND f.endpoint = w.id AND f.failed = 1)
        THEN 1 ELSE 0 END
        """
    }

    /// The arguments `$1` and `$2` of these conditions.
    static func dueBounds(at moment: Timestamp) -> [SQLValue] {
        [.moment(moment), .moment(moment.advanced(by: longestPause))]
    }

    /// The endpoints that have something due and at which nobody has a turn, the longest wait first.
    package func endpointsDue(at moment: Timestamp) throws -> [DueEndpoint] {
        let bounds = Self.dueBounds(at: moment)
        let rows = try queryAll([
            SQLStatement(
                """
                SELECT r.endpoint, w.merchant, MIN(r.next_attempt_at), \(Self.isFailing) FROM event_retries r
                JOIN webhook_endpoints w ON w.book = r.book AND w.id = r.endpoint
                WHERE \(Self.isDue) AND \(Self.isOn) AND \(Self.isFree)
                GROUP BY w.book, r.endpoint, w.id, w.merchant
                """,
                bounds
            ),
            SQLStatement(
                """
                SELECT p.endpoint, w.merchant, \(Self.nextEvent("created_at")), \(Self.isFailing)
                FROM endpoint_positions p JOIN webhook_endpoints w ON w.book = p.book AND w.id = p.endpoint
                WHERE \(Self.isOn) AND \(Self.isFree)
                AND \(Self.nextEvent("sequence")) <= COALESCE(p.until, \(Int64.max))
                """,
                bounds
            ),
        ])
        var since: [DueEndpoint: Timestamp] = [:]
        for stored in rows[0] + rows[1] {
            var row = stored
            let (id, merchant): (WebhookEndpointID, MerchantID) = (try row.id(), try row.id())
            let moment = try row.moment()
            let endpoint = DueEndpoint(endpoint: id, merchant: merchant, isFailing: try row.flag())
            since[endpoint] = min(since[endpoint] ?? moment, moment)
        }
        return since.sorted { ($0.value, $0.key.endpoint) < ($1.value, $1.key.endpoint) }.map(\.key)
    }
}
