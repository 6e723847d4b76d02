import DatabaseEngines
import Ledger
import Money
import Payments
import Seams
import Storage
import Testing

@Suite("Balances by period, on each engine")
struct PeriodBalanceTests {
    struct Run: Sendable, CustomTestStringConvertible {
        let engine: Engine
        let seed: UInt64
        var testDescription: String { "\(engine.rawValue), seed \(seed)" }
    }

    static let runs =
        (1...16).map { Run(engine: .sqlite, seed: $0) } + (101...104).map { Run(engine: .postgreSQL, seed: $0) }

    @Test(
        "equal those of a plain model after any bookings, reversals and failures over months",
        arguments: runs
    )
    func law(run: Run) async throws {
        let database = try run.engine.open()
        var world = try PeriodWorld(seed: run.seed)
        for step in 1...30 {
            let unit = try world.draw()
            do {
                try await database.write { session in
                    for part in unit.parts {
                        guard part.isApart else {
                            try LedgerWriter(session).post(part.transaction)
                            continue
                        }
                        let outcome = try session.inSavepoint {
                            try LedgerWriter(session).post(part.transaction)
                            if part.fails { throw PeriodWorld.Refused() }
                        }
                        if !part.fails { try outcome.get() }
                    }
                    if unit.fails { throw PeriodWorld.Refused() }
                }
            } catch is PeriodWorld.Refused {}
            world.book(unit)
            // Every row at each step; whole periods only now and then, because there are many.
            let differences = try await Self.differences(world, database, ofPeriods: step % 6 == 0)
            #expect(differences.isEmpty, "seed \(run.seed), step \(step)")
            guard differences.isEmpty else { break }
        }
        try await database.close()
    }

    /// The differences between a database and a model, a sentence each.
    private static func differences(
        _ world: PeriodWorld,
        _ database: any Database,
        ofPeriods: Bool
    ) async throws -> [String] {
        let months = ofPeriods ? 0..<(world.newest ?? 0) + 2 : 0..<0
        let found = try await database.read { session -> (rows: [PeriodWorld.Row: Int], PeriodWorld.Findings) in
            (try Self.rows(session), try Self.findings(session, in: months))
        }
        var differences = found.1.audit
        if found.rows != world.rows { differences.append("the rows are \(found.rows), not \(world.rows)") }
        if found.1.now != world.held { differences.append("now there is \(found.1.now), not \(world.held)") }
        for (period, balance) in found.1.periods {
            let (closing, opening) = (world.held(atEndOf: period), world.held(atEndOf: period - 1))
            if balance.closing != closing {
                differences.append("\(period) closes with \(balance.closing), not \(closing)")
            }
            let wanted = closing.map { key, units in
                let row = PeriodWorld.Row(key: key, period: period)
                let (debit, credit) = (world.debits[row] ?? 0, world.credits[row] ?? 0)
                return "\(key.account) \(key.asset.text) \(opening[key] ?? 0) \(debit) \(credit) \(units)"
            }
            if Set(balance.lines) != Set(wanted) { differences.append("\(period) is \(balance.lines), not \(wanted)") }
            if !balance.isBalanced { differences.append("\(period) is not balanced") }
        }
        return differences
    }

    private static func rows(_ session: any SQLSession) throws -> [PeriodWorld.Row: Int] {
        let sql = """
            SELECT a.code, a.scope, s.code, b.units, b.period FROM balances b
            JOIN accounts a ON a.number = b.account JOIN assets s ON s.number = b.asset
            """
        var rows: [PeriodWorld.Row: Int] = [:]
        for found in try session.query(sql, []) {
            var row = found
            let (code, scope) = (try row.text(), try row.text())
            let amount = try row.amount()
            let key = PeriodWorld.Key(account: scope.isEmpty ? code : "\(code)/\(scope)", asset: amount.asset)
            rows[.init(key: key, period: try row.integer())] = Int(amount.units.description)
        }
        return rows
    }

    private static func findings(_ session: any SQLSession, in months: Range<Int>) throws -> PeriodWorld.Findings {
        func held(_ balances: [(account: AccountID, amount: Amount)]) -> [PeriodWorld.Key: Int] {
            let keyed = balances.map { balance in
                let key = PeriodWorld.Key(account: balance.account.text, asset: balance.amount.asset)
                return (key, Int(balance.amount.units.description) ?? 0)
            }
            return Dictionary(keyed) { first, _ in first }
        }
        var findings = PeriodWorld.Findings(audit: try session.auditJournal().findings)
        for text in PeriodWorld.accounts {
            let account = AccountID(text: text)
            let balances = try session.balances(of: account).map { (account, $0) }
            findings.now.merge(held(balances)) { first, _ in first }
            for (account, amount) in balances where try session.balance(account, of: nil, asset: amount.asset) != amount
            {
                findings.audit.append("\(account) has two balances in \(amount.asset)")
            }
        }
        for code in Set(PeriodWorld.accounts.map { AccountID(text: $0).code }) {
            let balances = held(try session.balances(code: code))
            if balances != findings.now.filter({ AccountID(text: $0.key.account).code == code }) {
                findings.audit.append("the accounts \(code.rawValue) hold \(balances)")
            }
        }
        for month in months {
            let period = LedgerPeriod(number: PeriodWorld.period(month))
            let trial = try session.trialBalance(of: period)
            findings.periods[period.number] = .init(
                closing: held(try session.balances(atEndOf: period)),
                lines: trial.lines.map { line in
                    """
                    \(line.account) \(line.opening.asset.text) \(line.opening.units) \(line.debit.units) \
                    \(line.credit.units) \(line.closing.units)
                    """
                },
                isBalanced: trial.isBalanced
            )
        }
        return findings
    }
}

extension PeriodWorld {
    /// The rows of a database.
    struct Findings: Sendable {
        struct Period: Sendable {
            let closing: [Key: Int]
            let lines: [String]
            let isBalanced: Bool
        }

        var audit: [String]
        var now: [Key: Int] = [:]
        var periods: [Int64: Period] = [:]
    }
}
