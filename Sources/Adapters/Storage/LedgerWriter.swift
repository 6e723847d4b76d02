package import Ledger
import Money
import Payments
import Records
package import Seams

/// Writes the ledger: nothing else books, and nothing else says what is set aside for a transfer.
///
/// In the program one place makes it, the applier of decisions; a tidy test holds that.
package struct LedgerWriter {
    private let session: any SQLSession

    /// The right to write the ledger within a unit of work.
    package init(_ session: any SQLSession) {
        self.session = session
    }

    /// Books a ledger transaction at the end of a journal: that of its merchant's book, or of the operator's when it
    /// has no merchant.
    ///
    /// - Throws: ``StorageError``; with ``StorageError/Code/outOfScope`` when the unit of work may not change that book.
    package func post(_ transaction: LedgerTransaction) throws {
        let origin = transaction.origin
        let merchant = try origin.merchant.map { text in
            guard let id = try? MerchantID(text) else { throw StorageError.corrupt("'\(text)' is no merchant") }
            return id
        }
        let book = try session.book(of: merchant)
        try session.require(book)
        let last = try session.journalHead(of: book)
        let period = LedgerPeriod(bookedAt: transaction.postedAt, after: last.period)
        // Each period has its own balances: those of the last period are written before anything is added to them.
        if let ended = last.period, ended != period { try session.writeBalances() }
        let head = JournalHead(
            sequence: last.sequence + 1,
            period: period,
            seal: last.seal.following(with: transaction)
        )
        try session.execute(
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
            let key = CommitGroupCache.BalanceKey(book: book, account: posting.account, asset: amount.asset)
            var balance = session.group.balances[key] ?? CommitGroupCache.Balance()
            balance.change = try balance.change?.adding(amount) ?? amount
            session.group.balances[key] = balance
        }
        session.group.journalHeads[book] = head
    }

    private func insert(_ postings: [Posting], of sequence: Int64, in book: LedgerBook) throws {
        for start in stride(from: 0, to: postings.count, by: PostingSQL.rowLimit) {
            let rows = postings[start..<min(start + PostingSQL.rowLimit, postings.count)]
            var arguments: [SQLValue] = [.integer(book.number), .integer(sequence)]
            arguments.reserveCapacity(2 + 4 * rows.count)
            for (line, posting) in zip(rows.indices, rows) {
                arguments.append(.integer(Int64(line)))
                arguments.append(.integer(try session.number(of: posting.account)))
                arguments.append(.integer(try session.number(of: posting.amount.asset)))
                arguments.append(.units(posting.amount))
            }
            try session.execute(PostingSQL.insert[rows.count - 1], arguments)
        }
    }

    /// Stores which ledger transaction reserves the money of a transfer.
    package func reserve(_ transfer: String, by reservation: Identifier<LedgerTransactionKind>) throws {
        try session.executeOne(
            "UPDATE outgoing SET reservation = $1 WHERE \(session.within()) AND id = $2",
            [.id(reservation), .transfer(transfer)]
        )
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
