import Ledger
import Money

/// What an audit of the journal found.
public struct JournalAudit: Hashable, Sendable {
    /// How many ledger transactions were checked.
    public var checked = 0
    /// A sentence for each thing that does not hold; none when all does.
    public var findings: [String] = []
}

extension SQLSession {
    /// Recomputes every seal, every sum and every balance of the journal.
    ///
    /// It names the first ledger transaction that does not hold: everything behind a changed row has a wrong seal too.
    public func auditJournal() throws -> JournalAudit {
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
                    for posting in entry.transaction.postings { try trial.add(posting) }
                    expected += 1
                    audit.checked += 1
                }
            }
        } catch let error as StorageError where error.code == .corrupt {
            audit.findings.append(error.reason)
        }
        guard audit.findings.isEmpty else { return audit }
        audit.findings += try wrongBalances(trial)
        return audit
    }

    /// Balances that the postings do not add up to.
    private func wrongBalances(_ trial: TrialBalance) throws -> [String] {
        try writeBalances()
        let stored = try all("SELECT account, asset, units FROM balances ORDER BY account, asset", []) { row in
            (account: AccountID(text: try row.text()), amount: try row.amount())
        }
        var findings: [String] = []
        for line in trial.lines {
            let kept = stored.first { $0.account == line.account && $0.amount.asset == line.balance.asset }
            if (kept?.amount ?? .zero(line.balance.asset)) != line.balance {
                findings.append("the balance of \(line.account) in \(line.balance.asset) is not what its postings say")
            }
        }
        let known = Set(trial.lines.map { [$0.account.text, $0.balance.asset.text] })
        for balance in stored where !known.contains([balance.account.text, balance.amount.asset.text]) {
            findings.append("the balance of \(balance.account) in \(balance.amount.asset) has no postings")
        }
        return findings
    }
}
