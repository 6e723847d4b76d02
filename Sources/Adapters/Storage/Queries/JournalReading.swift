import Ledger
import Payments
import Records
import Seams

/// The journals as they were stored.
extension SQLSession {
    /// Calls `body` with one piece of a book's journal after the other.
    func eachPage(of book: LedgerBook, _ body: ([JournalEntry]) throws -> Void) throws {
        var last: Int64 = 0
        while true {
            let condition =
                "l.book = $1 AND l.sequence > $2 AND l.sequence <= $2 + 1000 ORDER BY l.sequence, p.line"
            let page = try journal(where: condition, [.integer(book.number), .integer(last)])
            if page.isEmpty {
                let next = try first(
                    """
                    SELECT sequence FROM ledger_transactions WHERE book = $1 AND sequence > $2 ORDER BY sequence LIMIT 1
                    """,
                    [.integer(book.number), .integer(last)]
                ) { try $0.integer() }
                guard let next else { return }
                last = next - 1
            } else {
                try body(page)
                last = page[page.count - 1].sequence
            }
        }
    }

    /// The entries that a condition chooses, which has to order them by book, number and line.
    func journal(where condition: String, _ arguments: [SQLValue]) throws -> [JournalEntry] {
        let rows = try query(
            """
            SELECT l.book, l.sequence, l.id, l.kind, l.subject_kind, l.subject, l.movement, l.merchant, l.rail, l.provider,
            l.occurred_at, l.posted_at, l.period, l.reverses, l.seal, a.code, a.scope, s.code, p.units
            FROM ledger_transactions l LEFT JOIN postings p ON p.book = l.book AND p.sequence = l.sequence
            LEFT JOIN accounts a ON a.number = p.account LEFT JOIN assets s ON s.number = p.asset WHERE \(condition)
            """,
            arguments
        )
        var entries: [JournalEntry] = []
        var index = 0
        while index < rows.count {
            var row = rows[index]
            let place = (book: LedgerBook(number: try row.integer()), sequence: try row.integer())
            let head = try row.storedHead(place.sequence)
            var postings: [Posting] = []
            while index < rows.count {
                var line = rows[index]
                guard try (line.integer(), line.integer()) == (place.book.number, place.sequence) else { break }
                for _ in 0..<StoredHead.columns { try line.skip() }
                if let posting = try line.optionalPosting(of: place.sequence) { postings.append(posting) }
                index += 1
            }
            entries.append(
                JournalEntry(
                    book: place.book,
                    sequence: place.sequence,
                    seal: head.seal,
                    period: head.period,
                    transaction: try head.with(postings)
                )
            )
        }
        return entries
    }
}

/// A ledger transaction without its postings.
private struct StoredHead {
    /// How many columns it takes behind the number.
    static let columns = 13

    let sequence: Int64
    let id: Identifier<LedgerTransactionKind>
    let kind: LedgerTransaction.Kind
    let subject: LedgerSubject
    let origin: LedgerOrigin
    let occurredAt: Timestamp
    let postedAt: Timestamp
    let period: LedgerPeriod
    let reverses: Identifier<LedgerTransactionKind>?
    let seal: JournalSeal

    func with(_ postings: [Posting]) throws(StorageError) -> LedgerTransaction {
        do throws(LedgerError) {
            return try LedgerTransaction(
                id: id,
                kind: kind,
                subject: subject,
                origin: origin,
                occurredAt: occurredAt,
                postedAt: postedAt,
                postings: postings,
                reverses: reverses
            )
        } catch { throw .corrupt("ledger transaction \(id) (row \(sequence)): \(error.reason)") }
    }
}

extension SQLRow {
    fileprivate mutating func storedHead(_ sequence: Int64) throws(StorageError) -> StoredHead {
        StoredHead(
            sequence: sequence,
            id: try id(),
            kind: try code(),
            subject: try subject(),
            origin: LedgerOrigin(
                merchant: try optionalID(MerchantKind.self)?.text,
                rail: try optionalCode(Rail.self)?.rawValue,
                provider: try optionalText()
            ),
            occurredAt: try moment(),
            postedAt: try moment(),
            period: LedgerPeriod(number: try integer()),
            reverses: try optionalID(),
            seal: JournalSeal(bytes: try blob())
        )
    }

    fileprivate mutating func optionalPosting(of sequence: Int64) throws(StorageError) -> Posting? {
        guard let code = try optionalText() else { return nil }
        let account = AccountID(code: AccountCode(code), storedScope: try text())
        do throws(StorageError) { return Posting(account: account, amount: try amount()) } catch {
            throw .corrupt("row \(sequence) of the journal: \(error.reason)")
        }
    }
}
