package import Ledger
import Money

/// Trial balances, from the postings that can be read; the audit names the others.
extension SQLSession {
    /// The trial balance of everything that was booked.
    package func trialBalance() throws -> TrialBalance { try trialBalance(of: 0...Int64.max) }

    /// The trial balance of a period.
    package func trialBalance(of period: LedgerPeriod) throws -> PeriodBalance {
        // Periods go forward in the journal, so that each is one piece of it.
        let piece = try first(
            "SELECT MIN(sequence), MAX(sequence) FROM ledger_transactions WHERE period = $1",
            [.integer(period.number)]
        ) { (try $0.optionalInteger(), try $0.optionalInteger()) }
        var booked = TrialBalance()
        if case (let first?, let last?)? = piece { booked = try trialBalance(of: first...last) }
        return PeriodBalance(
            of: period,
            opening: try balances(atEndOf: period.preceding),
            booked: booked,
            closing: try balances(atEndOf: period)
        )
    }

    /// The trial balance of a piece of the journal.
    private func trialBalance(of piece: ClosedRange<Int64>) throws -> TrialBalance {
        // Line by line, and not by ledger transactions: what does not balance has to show here too.
        var trial = TrialBalance()
        var last = (sequence: piece.lowerBound, line: Int64(-1))
        while true {
            let page = try query(
                """
                SELECT p.sequence, p.line, a.code, a.scope, s.code, p.units FROM postings p
                JOIN accounts a ON a.number = p.account JOIN assets s ON s.number = p.asset
                WHERE (p.sequence > $1 OR (p.sequence = $1 AND p.line > $2)) AND p.sequence <= $3
                ORDER BY p.sequence, p.line LIMIT 5000
                """,
                [.integer(last.sequence), .integer(last.line), .integer(piece.upperBound)]
            )
            if page.isEmpty { return trial }
            for line in page {
                var row = line
                last = (try row.integer(), try row.integer())
                let account = AccountID(code: AccountCode(try row.text()), storedScope: try row.text())
                if let amount = try? row.amount() { trial.add(Posting(account: account, amount: amount)) }
            }
        }
    }
}
