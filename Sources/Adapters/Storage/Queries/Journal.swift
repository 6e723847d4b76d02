import Cryptography
package import Ledger
import Money
package import Payments
import Records
package import Seams

/// A ledger transaction with its place in a book's journal.
struct JournalEntry {
    let book: LedgerBook
    let sequence: Int64
    let seal: JournalSeal
    let period: LedgerPeriod
    let transaction: LedgerTransaction
}

/// The end of a book's journal, which the next ledger transaction follows.
struct JournalHead {
    /// The journal's end before anything is booked.
    static func start(of book: LedgerBook) -> Self { Self(sequence: 0, period: nil, seal: .start(of: book)) }

    /// The number of the last ledger transaction.
    let sequence: Int64
    /// Its period; nil when there is none.
    let period: LedgerPeriod?
    let seal: JournalSeal
}

extension JournalSeal {
    /// The seal of the next ledger transaction: the journal is sealed with SHA-256.
    func following(with transaction: LedgerTransaction) -> Self { following(with: transaction, hash: SHA256.hash) }
}

/// The journals of the books and their postings.
extension SQLSession {
    /// The end of a book's journal.
    func journalHead(of book: LedgerBook) throws -> JournalHead {
        if let head = group.journalHeads[book] { return head }
        let sql =
            "SELECT sequence, period, seal FROM ledger_transactions WHERE book = $1 ORDER BY sequence DESC LIMIT 1"
        return try first(sql, [.integer(book.number)]) { row in
            JournalHead(
                sequence: try row.integer(),
                period: LedgerPeriod(number: try row.integer()),
                seal: JournalSeal(bytes: try row.blob())
            )
        } ?? .start(of: book)
    }

    /// The latest period in which anything was booked; nil when nothing was.
    package func newestPeriod() throws -> LedgerPeriod? {
        try ledgerBooks().compactMap { try journalHead(of: $0).period }.max()
    }

    /// The ledger transactions about a subject, in the order of the journal; those of the operator's book come first.
    package func ledgerTransactions(_ subject: LedgerSubject) throws -> [LedgerTransaction] {
        let (column, value) = subject.kind == .movement ? ("movement", subject.movement) : ("subject", subject.id)
        return try journal(
            where: "l.\(column) = $1 AND \(withinOrOperators("l")) ORDER BY l.book, l.sequence, p.line",
            [value]
        ).map(\.transaction)
    }

    /// The ledger transactions about a payment and about its refunds, in the order of the journal.
    package func ledgerTransactions(payment: PaymentID) throws -> [LedgerTransaction] {
        try journal(
            where: """
                l.subject IN (SELECT $1 UNION ALL SELECT t.id FROM outgoing t
                WHERE \(withinOrOperators("t")) AND t.payment = $1) AND \(withinOrOperators("l"))
                ORDER BY l.book, l.sequence, p.line
                """,
            [.id(payment)]
        ).map(\.transaction)
    }

    /// The ledger transaction that reserves the money of a transfer, or did last; nil when nothing ever did.
    package func reservation(of transfer: String) throws -> LedgerTransaction? {
        try journal(
            where: """
                (l.book, l.id) = (SELECT t.book, t.reservation FROM outgoing t WHERE \(within("t")) AND t.id = $1)
                ORDER BY l.sequence, p.line
                """,
            [.transfer(transfer)]
        ).first?.transaction
    }

    /// The natural keys of a provider's movements after a moment that have not been undone, the oldest first.
    package func standingMovements(provider: String, since moment: Timestamp) throws -> [NaturalKey] {
        let rows = try all(
            """
            SELECT l.movement FROM ledger_transactions l
            WHERE l.kind = \(LedgerTransaction.Kind.movement.code) AND l.occurred_at > $1 AND l.provider = $2
            AND NOT EXISTS (SELECT 1 FROM ledger_transactions u WHERE u.movement = l.movement
            AND u.book = l.book AND u.sequence > l.sequence) ORDER BY l.book, l.sequence
            """,
            [.moment(moment), .text(provider)]
        ) { try $0.text() }
        return rows.map { NaturalKey(stored: $0) }
    }
}
