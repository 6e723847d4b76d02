import Ledger
import Money
import Records

/// What an audit of the journal found.
package struct JournalAudit: Hashable, Sendable {
    /// How many ledger transactions were checked.
    package var checked = 0
    /// A sentence for each thing that does not hold; none when all does.
    package var findings: [String] = []
}

extension SQLSession {
    /// Recomputes every seal, every sum and every balance of the journal.
    ///
    /// It names the first ledger transaction that does not hold: everything behind a changed row has a wrong seal too.
    package func auditJournal() throws -> JournalAudit {
        var audit = JournalAudit()
        var seal = JournalSeal.start
        var expected: Int64 = 1
        var trial = TrialBalance()
        do {
            try eachPage { page in
                for entry in page {
                    guard audit.findings.isEmpty else { return }
                    seal = seal.following(with: entry.transaction)
                    if entry.sequence != expected {
                        audit.findings.append("row \(expected) of the journal is missing")
                    } else if entry.seal != seal {
                        audit.findings.append("ledger transaction \(entry.transaction.id) is not what was sealed")
                    }
                    for posting in entry.transaction.postings { trial.add(posting) }
                    expected += 1
                    audit.checked += 1
                }
            }
        } catch let error as StorageError where error.code == .corrupt {
            audit.findings.append(error.reason)
        }
        if audit.findings.isEmpty { audit.findings += try wrongBalances(trial) }
        return audit
    }

    /// Balances that the postings do not add up to.
    private func wrongBalances(_ trial: TrialBalance) throws -> [String] {
        try writeBalances()
        var findings: [String] = []
        var stored: [BalanceName: Amount] = [:]
        let sql = """
            SELECT a.code, a.scope, s.code, b.units FROM balances b JOIN accounts a ON a.number = b.account
            JOIN assets s ON s.number = b.asset ORDER BY a.code, a.scope, s.code
            """
        for kept in try query(sql, []) {
            var row = kept
            let account = AccountID(code: AccountCode(try row.text()), storedScope: try row.text())
            var amount = row
            let name = BalanceName(account: account.text, asset: try row.text())
            do { stored[name] = try amount.amount() } catch {
                findings.append("balances \(name.account) \(name.asset): \(error.reason)")
                stored[name] = trial.lines.first { BalanceName($0) == name }?.balance.amount
            }
        }
        for line in trial.lines {
            let kept = stored.removeValue(forKey: BalanceName(line)) ?? .zero(line.balance.asset)
            guard kept != line.balance.amount else { continue }
            findings.append("the balance of \(line.account) in \(line.balance.asset) is not what its postings say")
        }
        for name in stored.keys.sorted(by: { ($0.account, $0.asset) < ($1.account, $1.asset) }) {
            findings.append("the balance of \(name.account) in \(name.asset) has no postings")
        }
        return findings
    }
}

/// An account in an asset, as the balances name it.
private struct BalanceName: Hashable {
    let account: String
    let asset: String

    init(account: String, asset: String) {
        self.account = account
        self.asset = asset
    }

    init(_ line: TrialBalance.Line) { self.init(account: line.account.text, asset: line.balance.asset.text) }
}
