import Cryptography
import Ledger
package import Payments
package import Records
import Seams

/// The outbox.
extension SQLSession {
    private static var eventColumns: String { "e.id, e.merchant, e.type, e.subject, e.body, e.created_at" }

    /// The sequence of the last event of a book, in a statement.
    static func lastEvent(of book: String) -> String {
        "(SELECT COALESCE(MAX(l.sequence), 0) FROM events l WHERE l.book = \(book))"
    }

    /// Puts an event in the outbox, as the next one of its merchant's book.
    ///
    /// The sequence is the order of commits, because only one unit of work at a time runs in a book.
    package func append(_ event: EventRecord) throws {
        let book = try book(of: event.merchant)
        try require(book)
        group.storedWork.insert(.events)
        try execute(
            """
            INSERT INTO events (book, sequence, id, merchant, type, subject, body, created_at)
            VALUES ($7, \(Self.lastEvent(of: "$7")) + 1, $1, $2, $3, $4, $5, $6)
            """,
            [
                .id(event.id), .id(event.merchant), .text(event.type), .text(event.subject), .text(event.body),
                .moment(event.createdAt), .integer(book.number),
            ]
        )
    }

    /// An event.
    package func event(_ id: EventID) throws -> EventRecord? {
        try first("SELECT \(Self.eventColumns) FROM events e WHERE \(within("e")) AND e.id = $1", [.id(id)]) {
            try $0.event()
        }
    }

    /// A merchant's events, the last one that was stored first.
    package func events(of merchant: MerchantID, in page: Page) throws -> [EventRecord] {
        try list(
            Self.eventColumns,
            from: "events e",
            id: "e.id",
            of: EventKind.self,
            by: "e.sequence",
            owned(by: merchant, in: "e"),
            in: page
        ) {
            try $0.event()
        }
    }

    /// Calls `body` with each event of every merchant, those of a book in the order in which they were stored.
    ///
    /// An event that cannot be read is given by its identifier only.
    package func eachEvent(_ body: (_ id: String, EventRecord?) throws -> Void) throws {
        for book in try ledgerBooks() { try eachEvent(of: book, body) }
    }

    private func eachEvent(of book: LedgerBook, _ body: (_ id: String, EventRecord?) throws -> Void) throws {
        var last: Int64 = 0
        while true {
            let page = """
                SELECT e.sequence, e.id, \(Self.eventColumns) FROM events e WHERE e.book = $1 AND e.sequence > $2
                ORDER BY e.sequence LIMIT 500
                """
            let rows = try query(page, [.integer(book.number), .integer(last)])
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
