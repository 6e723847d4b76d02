package import Seams

/// A message that a rail has pushed.
package struct InboxMessage: Hashable, Sendable {
    /// Its number, in the order of arrival.
    package let sequence: Int64
    /// The inbox, for example `telegram:shop`.
    package let source: String
    /// The rail's own number of the message.
    package let key: String
    /// The bytes, sealed.
    package let body: [UInt8]
    /// When it came.
    package let receivedAt: Timestamp
}

/// The durable inbox of what rails push.
extension SQLSession {
    /// Keeps a message, sealed, before its arrival is confirmed.
    ///
    /// `key` is the rail's own number of the message, which is kept once. The result says whether it is new.
    package func appendInbox(source: String, key: String, sealed: [UInt8], at moment: Timestamp) throws -> Bool {
        group.storedWork.insert(.messages)
        return try change(
            """
            INSERT INTO inbox (source, key, body, received_at, due_at) VALUES ($1, $2, $3, $4, $4)
            ON CONFLICT DO NOTHING
            """,
            [.text(source), .text(key), .blob(sealed), .moment(moment)]
        ) == 1
    }

    /// Unfinished messages of one source, or of all, that are due, in the order of arrival.
    package func pendingInbox(source: String?, dueAt moment: Timestamp, limit: Int) throws -> [InboxMessage] {
        try all(
            """
            SELECT sequence, source, key, body, received_at FROM inbox
            WHERE finished_at IS NULL AND (due_at <= $1 OR due_at > $4) AND (source = $2 OR $2 = '') ORDER BY sequence LIMIT $3
            """,
            [
                .moment(moment), .text(source ?? ""), .integer(Int64(limit)),
                .moment(moment.advanced(by: Self.longestPause)),
            ]
        ) { row in
            InboxMessage(
                sequence: try row.integer(),
                source: try row.text(),
                key: try row.text(),
                body: try row.blob(),
                receivedAt: try row.moment()
            )
        }
    }

    /// Stores the outcome of a message, and deletes its bytes: what it reported is recorded by then.
    package func finishInbox(_ sequence: Int64, outcome: String, at moment: Timestamp) throws {
        try execute(
            "UPDATE inbox SET finished_at = $1, outcome = $2, body = $4 WHERE sequence = $3",
            [.moment(moment), .text(outcome), .integer(sequence), .blob([])]
        )
    }

    /// Has a message tried again later.
    package func postponeInbox(_ sequence: Int64, until moment: Timestamp, reason: String) throws {
        try execute(
            "UPDATE inbox SET due_at = $1, outcome = $2 WHERE sequence = $3",
            [.moment(moment), .text(reason), .integer(sequence)]
        )
    }

    /// How many messages are not finished.
    package func inboxDepth() throws -> Int {
        try first("SELECT COUNT(*) FROM inbox WHERE finished_at IS NULL", []) { try $0.int() } ?? 0
    }
}
