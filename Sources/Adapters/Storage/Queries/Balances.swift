package import Ledger
package import Money
package import Payments
import Records

/// The balances of accounts in each book, which follow from the postings.
extension SQLSession {
    /// Writes the balances that units of this group have changed since the newest period of their book's journal began.
    ///
    /// A balance that this period does not have yet is carried over from the newest one: it begins a row of its own.
    func writeBalances() throws {
        let changed = group.balances.filter { $0.value.change != nil }
        let unread = changed.filter { $0.value.stored == nil }.map(\.key)
        for (key, rows) in zip(unread, try queryAll(unread.map(Self.balance))) {
            group.balances[key]?.stored = try rows.decoded { try $0.amount() }.first
        }
        for (key, balance) in changed {
            guard let period = group.journalHeads[key.book]?.period else { continue }
            let stored = group.balances[key]?.stored ?? .zero(key.asset)
            let amount = try balance.change?.adding(stored) ?? stored
            try execute(
                """
                INSERT INTO balances (book, account, asset, period, units) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (book, account, asset, period) DO UPDATE SET units = excluded.units
                """,
                [
                    .integer(key.book.number), .integer(try number(of: key.account)),
                    .integer(try number(of: key.asset)), .integer(period.number), .units(amount),
                ]
            )
            group.balances[key] = CommitGroupCache.Balance(stored: amount)
        }
    }

    private static func balance(_ key: CommitGroupCache.BalanceKey) -> SQLStatement {
        // The numbers are found apart, so that the newest balance is one step in its index.
        SQLStatement(
            """
            SELECT s.code, b.units FROM balances b JOIN assets s ON s.number = b.asset
            WHERE b.book = $4 AND b.account = (SELECT number FROM accounts WHERE code = $1 AND scope = $2)
            AND b.asset = (SELECT number FROM assets WHERE code = $3) ORDER BY b.period DESC LIMIT 1
            """,
            [
                .text(key.account.code.rawValue), .text(key.account.scope ?? ""), .text(key.asset.text),
                .integer(key.book.number),
            ]
        )
    }

    /// The balance of an account in an asset, in a merchant's book or in the operator's: debits less credits.
    package func balance(_ account: AccountID, of merchant: MerchantID?, asset: AssetID) throws -> Amount {
        let key = CommitGroupCache.BalanceKey(book: try book(of: merchant), account: account, asset: asset)
        var balance = group.balances[key] ?? CommitGroupCache.Balance()
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

    /// The balances of all accounts with a code, over all books.
    package func balances(code: AccountCode) throws -> [(account: AccountID, amount: Amount)] {
        try balances("a.code = $1", [.text(code.rawValue)])
    }

    /// The balances of an account in each asset that was ever booked on it, over all books.
    package func balances(of account: AccountID) throws -> [Amount] {
        let name: [SQLValue] = [.text(account.code.rawValue), .text(account.scope ?? "")]
        return try balances("a.code = $1 AND a.scope = $2", name).map(\.amount)
    }

    /// The balances of all accounts over all books at the end of a period, or now when it is not over.
    package func balances(atEndOf period: LedgerPeriod) throws -> [(account: AccountID, amount: Amount)] {
        try balances("0 = 0", until: "n.period <= $1", [.integer(period.number)])
    }

    /// The balances of the accounts that a condition chooses, over all books: the newest, or the newest until a period.
    private func balances(
        _ accounts: String,
        until condition: String = "0 = 0",
        _ arguments: [SQLValue]
    ) throws -> [(account: AccountID, amount: Amount)] {
        try writeBalances()
        // CROSS JOIN keeps SQLite to this order, in which it reads one balance of each; a server finds its own.
        let inBooks = try all(
            """
            SELECT a.code, a.scope, s.code, b.units FROM accounts a CROSS JOIN assets s CROSS JOIN books k
            CROSS JOIN balances b WHERE b.book = k.number AND b.account = a.number AND b.asset = s.number
            AND b.period = (SELECT MAX(n.period) FROM balances n
            WHERE n.book = k.number AND n.account = a.number AND n.asset = s.number AND \(condition)) AND \(accounts)
            ORDER BY a.code, a.scope, s.code, k.number
            """,
            arguments
        ) { row in
            (
                account: AccountID(code: AccountCode(try row.text()), storedScope: try row.text()),
                amount: try row.amount()
            )
        }
        var sums: [(account: AccountID, amount: Amount)] = []
        for held in inBooks {
            if let last = sums.last, last.account == held.account, last.amount.asset == held.amount.asset {
                sums[sums.count - 1].amount = try last.amount.adding(held.amount)
            } else {
                sums.append(held)
            }
        }
        return sums
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

    /// The number of a row, which is made once even when units of two books make it at the same time.
    private func number(_ insertion: String, _ condition: String, _ name: [SQLValue]) throws -> Int64 {
        let table = insertion.prefix { $0 != " " }
        let question = "SELECT number FROM \(table) WHERE \(condition)"
        if let known = try first(question, name, { try $0.integer() }) { return known }
        try execute("INSERT INTO \(insertion) ON CONFLICT DO NOTHING", name)
        guard let made = try first(question, name, { try $0.integer() }) else {
            throw StorageError.corrupt("a row of \(table) has no number")
        }
        return made
    }
}

extension AccountID {
    /// An account as it is stored: an empty scope stands for nil.
    init(code: AccountCode, storedScope scope: String) { self.init(code: code, scope: scope.isEmpty ? nil : scope) }
}
