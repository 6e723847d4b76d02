import BigInt
import Ledger
import Money
import Records

/// The result of an audit of the journal.
package struct JournalAudit: Hashable, Sendable {
    /// How many ledger transactions were checked.
    package var checked = 0
    /// A sentence for each inconsistency; empty when there is none.
    package var findings: [String] = []
}

extension SQLSession {
    /// Recomputes every seal, every sum, and every balance of every period of each book's journal.
    ///
    /// It names only the first wrong ledger transaction of a book: everything behind a changed row has a wrong seal
    /// too.
    package func auditJournal() throws -> JournalAudit {
        var audit = JournalAudit()
        for book in try ledgerBooks() {
            let one = try journalAudit(of: book)
            audit.checked += one.checked
            audit.findings += one.findings
        }
        return audit
    }

    private func journalAudit(of book: LedgerBook) throws -> JournalAudit {
        var audit = JournalAudit()
        var last = JournalHead.start(of: book)
        var history = BalanceHistory()
        do {
            try eachPage(of: book) { page in
                for entry in page {
                    guard audit.findings.isEmpty else { return }
                    let expected = last.following(entry)
                    if let finding = expected.difference(from: entry) { audit.findings.append(finding) }
                    for posting in entry.transaction.postings { history.add(posting, in: entry.period) }
                    last = expected
                    audit.checked += 1
                }
            }
        } catch let error as StorageError where error.code == .corrupt {
            audit.findings.append(error.reason)
        }
        if audit.findings.isEmpty { audit.findings += try wrongBalances(history, in: book) }
        return audit
    }

    /// Rows of a book's balances that differ from their postings, that have no postings, or that are missing.
    private func wrongBalances(_ history: BalanceHistory, in book: LedgerBook) throws -> [String] {
        try writeBalances()
        var findings: [String] = []
        var booked = history.units(in: book)
        let sql = """
            SELECT b.period, a.code, a.scope, s.code, b.units FROM balances b JOIN accounts a ON a.number = b.account
            JOIN assets s ON s.number = b.asset WHERE b.book = $1 ORDER BY a.code, a.scope, s.code, b.period
            """
        for kept in try query(sql, [.integer(book.number)]) {
            var row = kept
            let period = LedgerPeriod(number: try row.integer())
            let account = AccountID(code: AccountCode(try row.text()), storedScope: try row.text())
            var amount = row
            let name = BalanceName(book: book, account: account.text, asset: try row.text(), period: period)
            let units = booked.removeValue(forKey: name)
            do throws(StorageError) {
                let stored = BigInt(try amount.amount().units)
                if units == nil {
                    findings.append("\(name) has no postings in that period")
                } else if units != stored {
                    findings.append("\(name) is not what its postings say")
                }
            } catch { findings.append("\(name): \(error.reason)") }
        }
        return findings + booked.keys.sorted().map { "\($0) is missing" }
    }
}

extension JournalHead {
    /// The journal's end after an entry, as it has to be.
    fileprivate func following(_ entry: JournalEntry) -> Self {
        Self(
            sequence: sequence + 1,
            period: LedgerPeriod(bookedAt: entry.transaction.postedAt, after: period),
            seal: seal.following(with: entry.transaction)
        )
    }

    /// A sentence about how an entry differs from what it should be; nil when it does not.
    fileprivate func difference(from entry: JournalEntry) -> String? {
        if entry.sequence != sequence { return "row \(sequence) of the journal of \(entry.book) is missing" }
        if entry.book != .operators, entry.transaction.postings.contains(where: \.account.isOperators) {
            return "ledger transaction \(entry.transaction.id) in \(entry.book) is on an account of the operator's book"
        }
        if entry.seal != seal { return "ledger transaction \(entry.transaction.id) is not what was sealed" }
        guard let period, entry.period != period else { return nil }
        return "ledger transaction \(entry.transaction.id) was booked in \(period), and stands in \(entry.period)"
    }
}

/// A row of the balances.
private struct BalanceName: Hashable, Comparable, CustomStringConvertible {
    let book: LedgerBook
    let account: String
    let asset: String
    let period: LedgerPeriod

    var description: String { "the balance of \(account) in \(asset) at the end of \(period), in \(book)," }

    static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.account, lhs.asset, lhs.period) < (rhs.account, rhs.asset, rhs.period)
    }
}

extension BalanceHistory {
    /// The balances of a book, in smallest units.
    fileprivate func units(in book: LedgerBook) -> [BalanceName: BigInt] {
        var units: [BalanceName: BigInt] = [:]
        for (key, balances) in balances {
            for balance in balances {
                let (account, asset) = (key.account.text, key.asset.text)
                let name = BalanceName(book: book, account: account, asset: asset, period: balance.period)
                units[name] = balance.units
            }
        }
        return units
    }
}
