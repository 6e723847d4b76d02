import Cryptography
package import Ledger
import Money
package import Payments
package import Seams

/// A ledger transaction with its place in the journal.
struct JournalEntry {
    let sequence: Int64
    let seal: JournalSeal
    let period: LedgerPeriod
    let transaction: LedgerTransaction
}

/// Where the journal ends: what the next ledger transaction follows.
struct JournalHead {
    /// The journal's end before anything is booked.
    static let start = Self(sequence: 0, period: nil, seal: .start)

    /// The number of the last ledger transaction.
    let sequence: Int64
    /// Its period; nil when there is none.
    let period: LedgerPeriod?
    let seal: JournalSeal
}

extension JournalSeal {
    /// The seal of what is booked next: the journal is sealed with SHA-256.
    func following(with transaction: LedgerTransaction) -> Self { following(with: transaction, hash: SHA256.hash) }
}

/// The journal and its postings.
extension SQLSession {
    /// Books a ledger transaction at the end of the journal.
    ///
    /// Whoever calls this is Settlement: nobody else writes the ledger.
    package func post(_ transaction: LedgerTransaction) throws {
        let last = try journalHead()
        let period = LedgerPeriod(bookedAt: transaction.postedAt, after: last.period)
        // A balance is of one period: what the one before closes with is written before anything is added to it.
        if let ended = last.period, ended != period { try writeBalances() }
        let head = JournalHead(
            sequence: last.sequence + 1,
            period: period,
            seal: last.seal.following(with: transaction)
        )
        let origin = transaction.origin
        try execute(
            """
            INSERT INTO ledger_transactions (sequence, id, kind, subject_kind, subject, movement, merchant, rail, provider,
            occurred_at, posted_at, period, reverses, seal)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            """,
            [
                .integer(head.sequence), .id(transaction.id), .code(transaction.kind), .code(transaction.subject.kind),
                transaction.subject.id, transaction.subject.movement,
                origin.merchant.map { SQLValue.identifier($0, of: MerchantKind.self) ?? .blob([]) } ?? .null,
                origin.rail.flatMap { Rail(rawValue: $0) }.map { .code($0) } ?? .null, .text(origin.provider),
                .moment(transaction.occurredAt), .moment(transaction.postedAt), .integer(period.number),
                .id(transaction.reverses), .blob(head.seal.bytes),
            ]
        )
        try insert(transaction.postings, of: head.sequence)
        for posting in transaction.postings {
            let amount = posting.amount
            let key = GroupState.BalanceKey(account: posting.account, asset: amount.asset)
            var balance = group.balances[key] ?? GroupState.Balance()
            balance.change = try balance.change?.adding(amount) ?? amount
            group.balances[key] = balance
        }
        group.journalHead = head
    }

    private func insert(_ postings: [Posting], of sequence: Int64) throws {
        for start in stride(from: 0, to: postings.count, by: PostingSQL.rowLimit) {
            let rows = postings[start..<min(start + PostingSQL.rowLimit, postings.count)]
            var arguments: [SQLValue] = [.integer(sequence)]
            arguments.reserveCapacity(1 + 4 * rows.count)
            for (line, posting) in zip(rows.indices, rows) {
                arguments.append(.integer(Int64(line)))
                arguments.append(.integer(try number(of: posting.account)))
                arguments.append(.integer(try number(of: posting.amount.asset)))
                arguments.append(.units(posting.amount))
            }
            try execute(PostingSQL.insert[rows.count - 1], arguments)
        }
    }

    /// Where the journal ends.
    func journalHead() throws -> JournalHead {
        if let head = group.journalHead { return head }
        let sql = "SELECT sequence, period, seal FROM ledger_transactions ORDER BY sequence DESC LIMIT 1"
        return try first(sql, []) { row in
            JournalHead(
                sequence: try row.integer(),
                period: LedgerPeriod(number: try row.integer()),
                seal: JournalSeal(bytes: try row.blob())
            )
        } ?? .start
    }

    /// The period of what was booked last; nil when nothing was.
    package func newestPeriod() throws -> LedgerPeriod? { try journalHead().period }

    /// What is booked about a subject, in the order of the journal.
    package func ledgerTransactions(_ subject: LedgerSubject) throws -> [LedgerTransaction] {
        let (column, value) = subject.kind == .movement ? ("movement", subject.movement) : ("subject", subject.id)
        return try journal(where: "l.\(column) = $1 ORDER BY l.sequence, p.line", [value]).map(\.transaction)
    }

    /// What is booked about a payment and about the refunds of it, in the order of the journal.
    package func ledgerTransactions(payment: PaymentID) throws -> [LedgerTransaction] {
        try journal(
            where: """
                l.subject IN (SELECT $1 UNION ALL SELECT t.id FROM outgoing t WHERE t.payment = $1)
                ORDER BY l.sequence, p.line
                """,
            [.id(payment)]
        ).map(\.transaction)
    }

    /// The ledger transaction that reserves the money of a transfer, or did last; nil when nothing ever did.
    package func reservation(of transfer: String) throws -> LedgerTransaction? {
        try journal(
            where: "l.id = (SELECT t.reservation FROM outgoing t WHERE t.id = $1) ORDER BY l.sequence, p.line",
            [.transfer(transfer)]
        ).first?.transaction
    }

    /// Stores which ledger transaction reserves the money of a transfer.
    package func reserve(_ transfer: String, by reservation: Identifier<LedgerTransactionKind>) throws {
        try executeOne("UPDATE outgoing SET reservation = $1 WHERE id = $2", [.id(reservation), .transfer(transfer)])
    }

    /// The natural keys of a provider's movements after a moment that have not been undone, the oldest first.
    package func standingMovements(provider: String, since moment: Timestamp) throws -> [NaturalKey] {
        let rows = try all(
            """
            SELECT l.movement FROM ledger_transactions l
            WHERE l.kind = \(LedgerTransaction.Kind.movement.code) AND l.occurred_at > $1 AND l.provider = $2
            AND NOT EXISTS (SELECT 1 FROM ledger_transactions u WHERE u.movement = l.movement
            AND u.sequence > l.sequence) ORDER BY l.sequence
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
        let rows = (0..<count).map { "($1, $\($0 * 4 + 2), $\($0 * 4 + 3), $\($0 * 4 + 4), $\($0 * 4 + 5))" }
        return "INSERT INTO postings (sequence, line, account, asset, units) VALUES " + rows.joined(separator: ", ")
    }
}
