package import Payments
package import Seams

/// A message that a rail has pushed and that is the first of its lane.
package struct InboxMessage: Hashable, Sendable {
    /// Its number, in the order of arrival.
    package let sequence: Int64
    /// The inbox, for example `telegram:shop`.
    package let source: String
    /// The rail's own number of the message.
    package let key: String
    /// Its lane.
    package let lane: String
    /// The bytes, sealed.
    package let body: [UInt8]
    /// When it came.
    package let receivedAt: Timestamp
}

/// What a pushed message is about, which decides what it waits for.
package struct InboxPlace: Hashable, Sendable {
    /// The lane: messages of one lane are dealt with one after the other, in the order of arrival.
    package let lane: String
    /// Whether it is about money; others are answered by calls to the rail, and wait for these.
    package let isMoney: Bool
    /// The digest of the key of the payment that it reports; nil when it reports none.
    package let paid: [UInt8]?
    /// The digest of the key of the payment of whose return it tells; nil when it tells of none.
    ///
    /// Such a message comes behind the report of that payment, as long as that is not dealt with.
    package let returned: [UInt8]?

    /// The place of a message.
    package init(lane: String, isMoney: Bool, paid: [UInt8]? = nil, returned: [UInt8]? = nil) {
        self.lane = lane
        self.isMoney = isMoney
        self.paid = paid
        self.returned = returned
    }

    /// The lane of messages about an invoice: that of its subscription, or of the payment link by which it was opened, or
    /// its own.
    package static func lane(
        of invoice: InvoiceID,
        of link: PaymentLinkID?,
        of subscription: SubscriptionID?
    ) -> String {
        subscription?.text ?? link?.text ?? invoice.text
    }
}

/// A pushed message as it comes in.
package struct ArrivedMessage: Hashable, Sendable {
    /// The inbox, for example `telegram:shop`.
    package let source: String
    /// The rail's own number of the message.
    package let key: String
    /// What it is about.
    package let place: InboxPlace
    /// The bytes, sealed.
    package let sealed: [UInt8]

    /// A message that comes in.
    package init(source: String, key: String, place: InboxPlace, sealed: [UInt8]) {
        self.source = source
        self.key = key
        self.place = place
        self.sealed = sealed
    }
}

/// The durable inbox of what rails push.
///
/// Of the unfinished messages of a lane the first one alone has a moment at which it is due, by which it is found; an
/// index refuses a second one.
extension SQLSession {
    /// Keeps a message, sealed, before its arrival is confirmed.
    ///
    /// - Throws: ``StorageError``.
    /// - Returns: whether it is new: the rail's own number is kept once.
    package func appendInbox(_ message: ArrivedMessage, at moment: Timestamp) throws -> Bool {
        group.storedWork.insert(.messages)
        let place = message.place
        let lane = try place.returned.flatMap(laneOfWaiting) ?? place.lane
        let isNew = try change(
            """
            INSERT INTO inbox (source, key, lane, is_money, payment, body, received_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (source, key) DO NOTHING
            """,
            [
                .text(message.source), .text(message.key), .text(lane), .flag(place.isMoney),
                place.paid.map(SQLValue.blob) ?? .null, .blob(message.sealed), .moment(moment),
            ]
        )
        guard isNew == 1 else { return false }
        _ = try callFirst(of: lane, at: moment)
        return true
    }

    /// The lane of the unfinished report of a payment; nil when there is none.
    private func laneOfWaiting(_ payment: [UInt8]) throws -> String? {
        try first(
            """
            SELECT lane FROM inbox WHERE payment = $1 AND payment IS NOT NULL AND finished_at IS NULL
            ORDER BY sequence LIMIT 1
            """,
            [.blob(payment)]
        ) { try $0.text() }
    }

    /// Has the first unfinished message of a lane dealt with, unless it is already waiting for that.
    ///
    /// - Returns: whether it did.
    private func callFirst(of lane: String, at moment: Timestamp) throws -> Bool {
        try change(
            """
            UPDATE inbox SET due_at = $2 WHERE due_at IS NULL
            AND sequence = (SELECT MIN(w.sequence) FROM inbox w WHERE w.lane = $1 AND w.finished_at IS NULL)
            """,
            [.text(lane), .moment(moment)]
        ) == 1
    }

    /// The inboxes with first messages about money, or with others.
    package func inboxSources(aboutMoney isMoney: Bool) throws -> [String] {
        // From one inbox to the next by the index, however many messages wait.
        let first = "SELECT MIN(w.source) AS source FROM inbox w WHERE w.is_money = $1 AND w.due_at IS NOT NULL"
        return try all(
            """
            WITH RECURSIVE found (source) AS (\(first) UNION ALL
            SELECT (\(first) AND w.source > f.source) FROM found f WHERE f.source IS NOT NULL)
            SELECT source FROM found WHERE source IS NOT NULL
            """,
            [.flag(isMoney)]
        ) { try $0.text() }
    }

    /// The first messages of an inbox's lanes that are due, the longest due first.
    package func firstInbox(
        of source: String,
        aboutMoney isMoney: Bool,
        dueAt moment: Timestamp,
        limit: Int
    ) throws -> [InboxMessage] {
        try all(
            """
            SELECT sequence, source, key, lane, body, received_at FROM inbox WHERE is_money = $1 AND source = $2
            AND due_at IS NOT NULL AND (due_at <= $3 OR due_at > $5) ORDER BY due_at, sequence LIMIT $4
            """,
            [
                .flag(isMoney), .text(source), .moment(moment), .integer(Int64(limit)),
                .moment(moment.advanced(by: Self.longestPause)),
            ]
        ) { row in
            InboxMessage(
                sequence: try row.integer(),
                source: try row.text(),
                key: try row.text(),
                lane: try row.text(),
                body: try row.blob(),
                receivedAt: try row.moment()
            )
        }
    }

    /// Stores the outcome of a message, and deletes its bytes: what it reported is recorded by then.
    ///
    /// - Throws: ``StorageError``.
    /// - Returns: whether another message of its lane is due now.
    package func finishInbox(_ message: InboxMessage, outcome: String, at moment: Timestamp) throws -> Bool {
        let finished = try change(
            """
            UPDATE inbox SET finished_at = $1, due_at = NULL, outcome = $2, body = $4
            WHERE sequence = $3 AND finished_at IS NULL
            """,
            [.moment(moment), .text(outcome), .integer(message.sequence), .blob([])]
        )
        return try finished == 1 && callFirst(of: message.lane, at: moment)
    }

    /// Has a message tried again later, and those behind it in its lane after it.
    package func postponeInbox(_ message: InboxMessage, until moment: Timestamp, reason: String) throws {
        try execute(
            "UPDATE inbox SET due_at = $1, outcome = $2 WHERE sequence = $3 AND due_at IS NOT NULL",
            [.moment(moment), .text(reason), .integer(message.sequence)]
        )
    }

    /// How many messages are not finished.
    package func inboxDepth() throws -> Int {
        try first("SELECT COUNT(*) FROM inbox WHERE finished_at IS NULL", []) { try $0.int() } ?? 0
    }
}
