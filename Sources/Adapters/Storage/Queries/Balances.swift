package import Ledger
package import Money
import Records

/// What accounts hold, which follows from the postings.
extension SQLSession {
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
                [.integer(try number(of: key.account)), .integer(try number(of: key.asset)), .units(amount)]
            )
            group.balances[key] = GroupState.Balance(stored: amount)
        }
    }

    private static func balance(_ key: GroupState.BalanceKey) -> SQLStatement {
        SQLStatement(
            """
            SELECT s.code, b.units FROM balances b JOIN accounts a ON a.number = b.account
            JOIN assets s ON s.number = b.asset WHERE a.code = $1 AND a.scope = $2 AND s.code = $3
            """,
            [.text(key.account.code.rawValue), .text(key.account.scope ?? ""), .text(key.asset.text)]
        )
    }

    /// What an account holds in an asset: debits less credits.
    package func balance(_ account: AccountID, asset: AssetID) throws -> Amount {
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
    package func balances(code: AccountCode) throws -> [(account: AccountID, amount: Amount)] {
        try writeBalances()
        return try all(
            """
            SELECT a.scope, s.code, b.units FROM accounts a JOIN balances b ON b.account = a.number
            JOIN assets s ON s.number = b.asset WHERE a.code = $1 ORDER BY a.scope, s.code
            """,
            [.text(code.rawValue)]
        ) { row in (AccountID(code: code, storedScope: try row.text()), try row.amount()) }
    }

    /// The trial balance, from the postings that can be read; the audit names the others.
    package func trialBalance() throws -> TrialBalance {
        // Line by line, and not by ledger transactions: what does not balance has to show here too.
        var trial = TrialBalance()
        var last = (sequence: Int64(0), line: Int64(-1))
        while true {
            let page = try query(
                """
                SELECT p.sequence, p.line, a.code, a.scope, s.code, p.units FROM postings p
                JOIN accounts a ON a.number = p.account JOIN assets s ON s.number = p.asset
                WHERE p.sequence > $1 OR (p.sequence = $1 AND p.line > $2) ORDER BY p.sequence, p.line LIMIT 5000
                """,
                [.integer(last.sequence), .integer(last.line)]
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

    // MARK: - Numbers

    /// The number of an account; an account gets one when it is first booked on.
    func number(of account: AccountID) throws -> Int64 {
        if let known = group.accountNumbers[account] { return known }
        let name: [SQLValue] = [.text(account.code.rawValue), .text(account.scope ?? "")]
        let number = try number("accounts (code, scope) VALUES ($1, $2)", "code = $1 AND scope = $2", name)
        group.accountNumbers[account] = number
        return number
    }

    /// The number of an asset; an asset gets one when something is first booked in it.
    func number(of asset: AssetID) throws -> Int64 {
        if let known = group.assetNumbers[asset] { return known }
        let number = try number("assets (code) VALUES ($1)", "code = $1", [.text(asset.text)])
        group.assetNumbers[asset] = number
        return number
    }

    private func number(_ insertion: String, _ condition: String, _ name: [SQLValue]) throws -> Int64 {
        let table = insertion.prefix { $0 != " " }
        let question = "SELECT number FROM \(table) WHERE \(condition)"
        if let known = try first(question, name, { try $0.integer() }) { return known }
        try execute("INSERT INTO \(insertion)", name)
        guard let made = try first(question, name, { try $0.integer() }) else {
            throw StorageError.corrupt("a row of \(table) has no number")
        }
        return made
    }
}

extension AccountID {
    /// An account as it is stored: a scope that is empty is none.
    init(code: AccountCode, storedScope scope: String) { self.init(code: code, scope: scope.isEmpty ? nil : scope) }
}
