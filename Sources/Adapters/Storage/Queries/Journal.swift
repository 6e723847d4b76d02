public import Ledger
public import Money
public import Payments
public import Seams

/// A ledger transaction with its place in the journal.
struct JournalEntry {
    let sequence: Int64
    let seal: JournalSeal
    let transaction: LedgerTransaction
}

/// The journal, its postings and the balances that follow from them.
extension SQLSession {
    /// Books a ledger transaction at the end of the journal.
    ///
    /// Whoever calls this is Settlement: nobody else writes the ledger.
    public func post(_ transaction: LedgerTransaction) throws {
        let (sequence, seal) = try journalHead()
        let next = sequence + 1
        let newSeal = seal.following(with: transaction)
        try execute(
            """
            INSERT INTO ledger_transactions (sequence, id, kind, occurred_at, subject, seal, reverses)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            [
                .integer(next), .id(transaction.id), .text(transaction.kind.rawValue), .moment(transaction.occurredAt),
                .text(transaction.subject), .blob(newSeal.bytes), .id(transaction.reverses),
            ]
        )
        try insert(transaction.postings, of: next)
        for posting in transaction.postings {
            let amount = posting.amount
            let key = GroupState.BalanceKey(account: posting.account, asset: amount.asset)
            var balance = group.balances[key] ?? GroupState.Balance()
            balance.change = try balance.change?.adding(amount) ?? amount
            group.balances[key] = balance
        }
        group.journalHead = (next, newSeal)
    }

    private func insert(_ postings: [Posting], of sequence: Int64) throws {
        for start in stride(from: 0, to: postings.count, by: PostingSQL.rowLimit) {
            let rows = postings[start..<min(start + PostingSQL.rowLimit, postings.count)]
            var arguments: [SQLValue] = [.integer(sequence)]
            arguments.reserveCapacity(1 + 4 * rows.count)
            for (line, posting) in zip(rows.indices, rows) {
                arguments.append(.integer(Int64(line)))
                arguments.append(.text(posting.account.text))
                arguments.append(.asset(posting.amount))
                arguments.append(.units(posting.amount))
            }
            try execute(PostingSQL.insert[rows.count - 1], arguments)
        }
    }

    /// Writes the balances that units of this group have changed.
    func writeBalances() throws {
        let changed = group.balances.filter { $0.value.change != nil }
        let unread = changed.filter { $0.value.stored == nil }.map(\.key)
        for (key, rows) in zip(unread, try queryAll(unread.map(Self.balance))) {
            group.balances[key]?.stored = try rows.decoded { try $0.amount() }.first
        }
        for (key, balance) in changed {
            let stored = group.balances[key]?.stored ?? .zero(key.asset)
            let amount = try balance.change?.adding(stored) ?? stored
            try execute(
                """
                INSERT INTO balances (account, asset, units) VALUES ($1, $2, $3)
                ON CONFLICT (account, asset) DO UPDATE SET units = excluded.units
                """,
                [.text(key.account.text), .text(key.asset.text), .units(amount)]
            )
            group.balances[key] = GroupState.Balance(stored: amount)
        }
    }

    private static func balance(_ key: GroupState.BalanceKey) -> SQLStatement {
        SQLStatement(
            "SELECT asset, units FROM balances WHERE account = $1 AND asset = $2",
            [.text(key.account.text), .text(key.asset.text)]
        )
    }

    /// The number and the seal of the last ledger transaction.
    func journalHead() throws -> (sequence: Int64, seal: JournalSeal) {
        if let head = group.journalHead { return head }
        let sql = "SELECT sequence, seal FROM ledger_transactions ORDER BY sequence DESC LIMIT 1"
        let last = try first(sql, []) { row in (try row.integer(), JournalSeal(bytes: try row.blob())) }
        return last ?? (0, .start)
    }

    /// What an account holds in an asset: debits less credits.
    public func balance(_ account: AccountID, asset: AssetID) throws -> Amount {
        let key = GroupState.BalanceKey(account: account, asset: asset)
        var balance = group.balances[key] ?? GroupState.Balance()
        let stored: Amount
        if let known = balance.stored {
            stored = known
        } else {
            let statement = Self.balance(key)
            stored = try first(statement.sql, statement.arguments) { try $0.amount() } ?? .zero(asset)
            balance.stored = stored
            group.balances[key] = balance
        }
        return try balance.change?.adding(stored) ?? stored
    }

    /// What all accounts of a kind hold.
    public func balances(code: AccountCode) throws -> [(account: AccountID, amount: Amount)] {
        try writeBalances()
        return try all(
            """
            SELECT account, asset, units FROM balances
            WHERE account = $1 OR (account >= $2 AND account < $3) ORDER BY account, asset
            """,
            // "0" follows "/" in the order of bytes: the range holds every account of the kind, and nothing else.
            [.text(code.rawValue), .text(code.rawValue + "/"), .text(code.rawValue + "0")]
        ) { row in (AccountID(text: try row.text()), try row.amount()) }
    }

    /// What is booked about a subject, in the order of the journal.
    public func ledgerTransactions(subject: String) throws -> [LedgerTransaction] {
        try journal(where: "l.subject = $1 ORDER BY l.sequence, p.line", [.text(subject)]).map(\.transaction)
    }

    /// What is booked about a payment and about the refunds of it, in the order of the journal.
    public func ledgerTransactions(payment: String) throws -> [LedgerTransaction] {
        try journal(
            where: """
                l.subject IN (SELECT $1 UNION ALL SELECT t.id FROM outgoing t WHERE t.payment = $1)
                ORDER BY l.sequence, p.line
                """,
            [.text(payment)]
        ).map(\.transaction)
    }

    /// What sets the money of a transfer aside, or did last; none when nothing ever did.
    public func reservation(of transfer: String) throws -> LedgerTransaction? {
        try journal(
            where: "l.id = (SELECT t.reservation FROM outgoing t WHERE t.id = $1) ORDER BY l.sequence, p.line",
            [.text(transfer)]
        ).first?.transaction
    }

    /// Stores by which ledger transaction the money of a transfer is set aside.
    public func reserve(_ transfer: String, by reservation: Identifier<LedgerTransactionKind>) throws {
        try executeOne("UPDATE outgoing SET reservation = $1 WHERE id = $2", [.id(reservation), .text(transfer)])
    }

    /// The natural keys of a provider's movements after a moment that have not been undone, the oldest first.
    public func standingMovements(provider: String, since moment: Timestamp) throws -> [NaturalKey] {
        let rows = try all(
            """
            SELECT l.subject FROM ledger_transactions l JOIN observations o ON o.key = l.subject
            WHERE l.kind = 'movement' AND l.occurred_at > $1 AND o.provider = $2
            AND NOT EXISTS (SELECT 1 FROM ledger_transactions u WHERE u.subject = l.subject AND u.sequence > l.sequence)
            ORDER BY l.sequence
            """,
            [.moment(moment), .text(provider)]
        ) { try $0.text() }
        return rows.map { NaturalKey(stored: $0) }
    }

    /// The trial balance, from the postings that can be read; the audit names the others.
    public func trialBalance() throws -> TrialBalance {
        // Line by line, and not by ledger transactions: what does not balance has to show here too.
        var trial = TrialBalance()
        var last = (sequence: Int64(0), line: Int64(-1))
        while true {
            let page = try query(
                """
                SELECT sequence, line, account, asset, units FROM postings
                WHERE sequence > $1 OR (sequence = $1 AND line > $2) ORDER BY sequence, line LIMIT 5000
                """,
                [.integer(last.sequence), .integer(last.line)]
            )
            if page.isEmpty { return trial }
            for line in page {
                var row = line
                last = (try row.integer(), try row.integer())
                let account = AccountID(text: try row.text())
                if let amount = try? row.amount() { trial.add(Posting(account: account, amount: amount)) }
            }
        }
    }

    // MARK: - Reading

    /// Calls `body` with one piece of the journal after the other.
    func eachPage(_ body: ([JournalEntry]) throws -> Void) throws {
        var last: Int64 = 0
        while true {
            let condition = "l.sequence > $1 AND l.sequence <= $1 + 1000 ORDER BY l.sequence, p.line"
            let page = try journal(where: condition, [.integer(last)])
            if page.isEmpty {
                let next = try first(
                    "SELECT sequence FROM ledger_transactions WHERE sequence > $1 ORDER BY sequence LIMIT 1",
                    [.integer(last)]
                ) { try $0.integer() }
                guard let next else { return }
                last = next - 1
            } else {
                try body(page)
                last = page[page.count - 1].sequence
            }
        }
    }

    private func journal(where condition: String, _ arguments: [SQLValue]) throws -> [JournalEntry] {
        let rows = try query(
            """
            SELECT l.sequence, l.id, l.kind, l.occurred_at, l.subject, l.seal, l.reverses, p.account,
            p.asset, p.units FROM ledger_transactions l LEFT JOIN postings p ON p.sequence = l.sequence WHERE \(condition)
            """,
            arguments
        )
        var entries: [JournalEntry] = []
        var index = 0
        while index < rows.count {
            var head = rows[index]
            let sequence = try head.integer()
            var postings: [Posting] = []
            while index < rows.count {
                var row = rows[index]
                guard try row.integer() == sequence else { break }
                for _ in 0..<6 { try row.skip() }
                if let account = try row.optionalText() {
                    do { postings.append(Posting(account: AccountID(text: account), amount: try row.amount())) } catch {
                        throw StorageError.corrupt("row \(sequence) of the journal: \(error.reason)")
                    }
                }
                index += 1
            }
            let (id, kind, occurredAt, subject) = (
                try head.id(LedgerTransactionKind.self), try head.text(), try head.moment(), try head.text()
            )
            let seal = JournalSeal(bytes: try head.blob())
            let reverses: Identifier<LedgerTransactionKind>? = try head.optionalID()
            do {
                let transaction = try LedgerTransaction(
                    id: id,
                    kind: LedgerTransaction.Kind(kind),
                    occurredAt: occurredAt,
                    subject: subject,
                    postings: postings,
                    reverses: reverses
                )
                entries.append(JournalEntry(sequence: sequence, seal: seal, transaction: transaction))
            } catch { throw StorageError.corrupt("ledger transaction \(id) (row \(sequence)): \(error.reason)") }
        }
        return entries
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
