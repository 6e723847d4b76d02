package import Payments
package import Records
package import Seams

/// A notice to the owners of a merchant's bots that one of its endpoints was disabled.
package struct OwnerNotice: Hashable, Sendable {
    /// The endpoint.
    package let endpoint: WebhookEndpointID
    /// When it was disabled.
    package let disabledAt: Timestamp
    /// Whose it is.
    package let merchant: MerchantID
    /// Where events were sent.
    package let url: String
    /// Why it was disabled.
    package let reason: String
}

extension SQLSession {
    /// Has the owners of a merchant's bots told that an endpoint was disabled; once.
    package func insertOwnerNotice(of endpoint: WebhookEndpointRecord, at moment: Timestamp) throws {
        group.storedWork.insert(.messages)
        try execute(
            """
            INSERT INTO owner_notices (book, endpoint, disabled_at, merchant, url, reason, due_at)
            VALUES ($7, $1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
            """,
            [
                .id(endpoint.id), .moment(endpoint.disabledAt ?? moment), .id(endpoint.merchant), .text(endpoint.url),
                .text(endpoint.disabledReason ?? ""), .moment(moment), try place(of: endpoint.merchant),
            ]
        )
    }

    /// Notices to owners that are due, the oldest first.
    package func dueOwnerNotices(at moment: Timestamp, limit: Int) throws -> [OwnerNotice] {
        try all(
            """
            SELECT n.endpoint, n.disabled_at, n.merchant, n.url, n.reason FROM owner_notices n
            WHERE n.finished_at IS NULL AND (n.due_at <= $1 OR n.due_at > $3) ORDER BY n.due_at, n.endpoint LIMIT $2
            """,
            [.moment(moment), .integer(Int64(limit)), .moment(moment.advanced(by: Self.longestPause))]
        ) { row in
            OwnerNotice(
                endpoint: try row.id(),
                disabledAt: try row.moment(),
                merchant: try row.id(),
                url: try row.text(),
                reason: try row.text()
            )
        }
    }

    /// Stores the outcome of a notice to owners.
    package func finish(_ notice: OwnerNotice, outcome: String, at moment: Timestamp) throws {
        try execute(
            """
            UPDATE owner_notices SET finished_at = $1, outcome = $2 WHERE \(within()) AND endpoint = $3
            AND disabled_at = $4
            """,
            [.moment(moment), .text(outcome), .id(notice.endpoint), .moment(notice.disabledAt)]
        )
    }

    /// Has a notice to owners tried again later.
    package func postpone(_ notice: OwnerNotice, until moment: Timestamp, reason: String) throws {
        try execute(
            """
            UPDATE owner_notices SET due_at = $1, outcome = $2 WHERE \(within()) AND endpoint = $3
            AND disabled_at = $4
            """,
            [.moment(moment), .text(reason), .id(notice.endpoint), .moment(notice.disabledAt)]
        )
    }
}
