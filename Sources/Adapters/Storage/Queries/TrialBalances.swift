package import Ledger
import Money

/// Trial balances, from the postings that can be read; the audit names the others.
extension SQLSession {
    /// The trial balance of everything that was booked.
    package func trialBalance() throws -> TrialBalance {
        var trial = TrialBalance()
        for book in try ledgerBooks() { try add(0...Int64.max, of: book, to: &trial) }
        return trial
    }

    /// The trial balance of a period.
    package func trialBalance(of period: LedgerPeriod) throws -> PeriodBalance {
        // Periods go forward in a journal, so that each is one piece of it.
        let pieces = try all(
            "SELECT book, MIN(sequence), MAX(sequence) FROM ledger_transactions WHERE period = $1 GROUP BY book",
            [.integer(period.number)]
        ) { row in (book: LedgerBook(number: try row.integer()), first: try row.integer(), last: try row.integer()) }
        var booked = TrialBalance()
        for piece in pieces { try add(piece.first...piece.last, of: piece.book, to: &booked) }
        return PeriodBalance(
            of: period,
            opening: try balances(atEndOf: period.preceding),
            booked: booked,
            closing: try balances(atEndOf: period)
        )
    }

    /// Adds a piece of a book's journal to a trial balance.
    private func add(_ piece: ClosedRange<Int64>, of book: LedgerBook, to trial: inout TrialBalance) throws {
        // Line by line, and not by ledger transactions: one that does not balance has to show here too.
        var last = (sequence: piece.lowerBound, line: Int64(-1))
        while true {
            let page = try query(
                """
                SELECT p.sequence, p.line, a.code, a.scope, s.code, p.units FROM postings p
                JOIN accounts a ON a.number = p.account JOIN assets s ON s.number = p.asset
                WHERE p.book = $4 AND (p.sequence > $1 OR (p.sequence = $1 AND p.line > $2)) AND p.sequence <= $3
                ORDER BY p.sequence, p.line LIMIT 5000
                """,
                [.integer(last.sequence), .integer(last.line), .integer(piece.upperBound), .integer(book.number)]
            )
            if page.isEmpty { return }
            for line in page {
                var row = line
                last = (try row.integer(), try row.integer())
                let account = AccountID(code: AccountCode(try row.text()), storedScope: try row.text())
                if let amount = try? row.amount() { trial.add(Posting(account: account, amount: amount)) }
            }
        }
    }
}
