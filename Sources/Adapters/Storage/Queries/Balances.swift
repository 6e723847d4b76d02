package import Ledger
package import Money
import Records

/// What accounts hold, which follows from the postings.
extension SQLSession {
    /// Writes the balances that units of this group have changed since the journal's newest period began.
    ///
    /// A balance that this period does not have yet is carried over from the newest one: it begins a row of its own.
    func writeBalances() throws {
        guard let period = group.journalHead?.period else { return }
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
                INSERT INTO balances (account, asset, period, units) VALUES ($1, $2, $3, $4)
                ON CONFLICT (account, asset, period) DO UPDATE SET units = excluded.units
                """,
                [
                    .integer(try number(of: key.account)), .integer(try number(of: key.asset)),
                    .integer(period.number), .units(amount),
                ]
            )
            group.balances[key] = GroupState.Balance(stored: amount)
        }
    }

    private static func balance(_ key: GroupState.BalanceKey) -> SQLStatement {
        // The numbers are found apart, so that the newest balance is one step in its index.
        SQLStatement(
            """
            SELECT s.code, b.units FROM balances b JOIN assets s ON s.number = b.asset
            WHERE b.account = (SELECT number FROM accounts WHERE code = $1 AND scope = $2)
            AND b.asset = (SELECT number FROM assets WHERE code = $3) ORDER BY b.period DESC LIMIT 1
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
        try balances("a.code = $1", [.text(code.rawValue)])
    }

    /// What an account holds in each asset in which it was ever booked on.
    package func balances(of account: AccountID) throws -> [Amount] {
        let name: [SQLValue] = [.text(account.code.rawValue), .text(account.scope ?? "")]
        return try balances("a.code = $1 AND a.scope = $2", name).map(\.amount)
    }

    /// What all accounts held at the end of a period, or hold now when it is not over.
    package func balances(atEndOf period: LedgerPeriod) throws -> [(account: AccountID, amount: Amount)] {
        try balances("0 = 0", until: "n.period <= $1", [.integer(period.number)])
    }

    /// The balances of the accounts that a condition chooses: the newest of all, or of those until a period.
    private func balances(
        _ accounts: String,
        until condition: String = "0 = 0",
        _ arguments: [SQLValue]
    ) throws -> [(account: AccountID, amount: Amount)] {
        try writeBalances()
        // CROSS JOIN keeps SQLite to this order, in which it reads one balance of each; a server finds its own.
        return try all(
            """
            SELECT a.code, a.scope, s.code, b.units FROM accounts a CROSS JOIN assets s CROSS JOIN balances b
            WHERE b.account = a.number AND b.asset = s.number AND b.period = (SELECT MAX(n.period) FROM balances n
            WHERE n.account = a.number AND n.asset = s.number AND \(condition)) AND \(accounts)
            ORDER BY a.code, a.scope, s.code
            """,
            arguments
        ) { row in
            (AccountID(code: AccountCode(try row.text()), storedScope: try row.text()), try row.amount())
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
