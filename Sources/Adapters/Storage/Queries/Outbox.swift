import Cryptography
package import Payments
package import Records
import Seams

/// The outbox.
extension SQLSession {
    private static var eventColumns: String { "e.id, e.merchant, e.type, e.subject, e.body, e.created_at" }

    /// The sequence of the last event of all merchants, in a statement.
    static var lastEvent: String { "(SELECT COALESCE(MAX(sequence), 0) FROM events)" }

    /// Puts an event in the outbox, as the next one of all events: its sequence is the order of commits, because only one
    /// unit of work at a time runs beside the database's lock.
    package func append(_ event: EventRecord) throws {
        group.hasNews = true
        try execute(
            """
            INSERT INTO events (sequence, id, merchant, type, subject, body, created_at)
            VALUES (\(Self.lastEvent) + 1, $1, $2, $3, $4, $5, $6)
            """,
            [
                .id(event.id), .id(event.merchant), .text(event.type), .text(event.subject), .text(event.body),
                .moment(event.createdAt),
            ]
        )
    }

    /// An event.
    package func event(_ id: EventID) throws -> EventRecord? {
        try first("SELECT \(Self.eventColumns) FROM events e WHERE e.id = $1", [.id(id)]) { try $0.event() }
    }

    /// A merchant's events, the last one that was stored first.
    package func events(of merchant: MerchantID, in page: Page) throws -> [EventRecord] {
        try list(
            Self.eventColumns,
            from: "events e",
            id: "e.id",
            of: EventKind.self,
            by: "e.sequence",
            Filter("e.merchant = ", .id(merchant)),
            in: page
        ) {
            try $0.event()
        }
    }

    /// Calls `body` with one event of any merchant after the other, in the order in which they were stored; one that cannot
    /// be read has its identifier only.
    package func eachEvent(_ body: (_ id: String, EventRecord?) throws -> Void) throws {
        var last: Int64 = 0
        while true {
            let page = """
                SELECT e.sequence, e.id, \(Self.eventColumns) FROM events e WHERE e.sequence > $1
                ORDER BY e.sequence LIMIT 500
                """
            let rows = try query(page, [.integer(last)])
            guard !rows.isEmpty else { return }
            for stored in rows {
                var row = stored
                last = try row.integer()
                let id = try row.blob()
                try body(EventID(bytes: id)?.text ?? Hex.encode(id), try? row.event())
            }
        }
    }
}

extension SQLRow {
    mutating func event() throws -> EventRecord {
        EventRecord(
            id: try id(),
            merchant: try id(),
            type: try text(),
            subject: try text(),
            body: try text(),
            createdAt: try moment()
        )
    }
}
