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
    /// Books a ledger transaction at the end of a journal: that of its merchant's book, or of the operator's when it
    /// has no merchant.
    ///
    /// Only Settlement calls this: nothing else writes the ledger.
    package func post(_ transaction: LedgerTransaction) throws {
        let origin = transaction.origin
        let merchant = try origin.merchant.map { text in
            guard let id = try? MerchantID(text) else { throw StorageError.corrupt("'\(text)' is no merchant") }
            return id
        }
        let book = try book(of: merchant)
        try require(book)
        let last = try journalHead(of: book)
        let period = LedgerPeriod(bookedAt: transaction.postedAt, after: last.period)
        // Each period has its own balances: those of the last period are written before anything is added to them.
        if let ended = last.period, ended != period { try writeBalances() }
        let head = JournalHead(
            sequence: last.sequence + 1,
            period: period,
            seal: last.seal.following(with: transaction)
        )
        try execute(
            """
            INSERT INTO ledger_transactions (book, sequence, id, kind, subject_kind, subject, movement, merchant, rail,
            provider, occurred_at, posted_at, period, reverses, seal)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            """,
            [
                .integer(book.number), .integer(head.sequence), .id(transaction.id), .code(transaction.kind),
                .code(transaction.subject.kind),
                transaction.subject.id, transaction.subject.movement,
                .id(merchant), origin.rail.flatMap { Rail(rawValue: $0) }.map { .code($0) } ?? .null,
                .text(origin.provider),
                .moment(transaction.occurredAt), .moment(transaction.postedAt), .integer(period.number),
                .id(transaction.reverses), .blob(head.seal.bytes),
            ]
        )
        try insert(transaction.postings, of: head.sequence, in: book)
        for posting in transaction.postings {
            let amount = posting.amount
            let key = GroupState.BalanceKey(book: book, account: posting.account, asset: amount.asset)
            var balance = group.balances[key] ?? GroupState.Balance()
            balance.change = try balance.change?.adding(amount) ?? amount
            group.balances[key] = balance
        }
        group.journalHeads[book] = head
    }

    private func insert(_ postings: [Posting], of sequence: Int64, in book: LedgerBook) throws {
        for start in stride(from: 0, to: postings.count, by: PostingSQL.rowLimit) {
            let rows = postings[start..<min(start + PostingSQL.rowLimit, postings.count)]
            var arguments: [SQLValue] = [.integer(book.number), .integer(sequence)]
            arguments.reserveCapacity(2 + 4 * rows.count)
            for (line, posting) in zip(rows.indices, rows) {
                arguments.append(.integer(Int64(line)))
                arguments.append(.integer(try number(of: posting.account)))
                arguments.append(.integer(try number(of: posting.amount.asset)))
                arguments.append(.units(posting.amount))
            }
            try execute(PostingSQL.insert[rows.count - 1], arguments)
        }
    }

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

    /// Stores which ledger transaction reserves the money of a transfer.
    package func reserve(_ transfer: String, by reservation: Identifier<LedgerTransactionKind>) throws {
        try executeOne(
            "UPDATE outgoing SET reservation = $1 WHERE \(within()) AND id = $2",
            [.id(reservation), .transfer(transfer)]
        )
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

/// The statements that store a ledger transaction's postings, several rows at once.
private enum PostingSQL {
    /// The most rows of one statement.
    static let rowLimit = 8

    /// The statement for one row, for two, and so on.
    static let insert = (1...rowLimit).map { count in
        let rows = (0..<count).map { row in
            "($1, $2, " + (3...6).map { "$\(row * 4 + $0)" }.joined(separator: ", ") + ")"
        }
        return "INSERT INTO postings (book, sequence, line, account, asset, units) VALUES "
            + rows.joined(separator: ", ")
    }
}
