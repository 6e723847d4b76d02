import DatabaseEngines
import Ledger
import Money
import Payments
import Seams
import Storage
import Testing

@Suite("A balance row that was changed behind the gateway's back, on each engine")
struct PeriodAuditTests {
    /// The audit's findings; thrown, so that the change is rolled back.
    private struct Found: Error {
        let findings: [String]
    }

    /// The periods with bookings; those between them have none.
    private static let periods: [Int64] = [202609, 202610, 202612, 202701]

    /// Accounts with the units booked in each period, in this order; nil for none.
    ///
    /// `a/2` holds nothing at the end of October, and has a row for it.
    private static let booked: [(account: String, units: [Int64?])] = [
        ("a/1", [5, nil, 7, -2]), ("a/2", [-5, 5, nil, 2]), ("b", [nil, -5, -7, nil]),
    ]

    private static func world(on engine: Engine) async throws -> any Database {
        let database = try engine.open()
        try await database.write { session in
            for (index, period) in periods.enumerated() {
                let lines = booked.compactMap { line in line.units[index].map { (line.account, $0) } }
                let moment = try moment(in: period)
                try LedgerWriter(session).post(
                    LedgerTransaction(
                        id: Identifier(value: UInt128(index + 1)),
                        kind: .movement,
                        subject: LedgerSubject(.movement, "\(period)"),
                        occurredAt: moment,
                        postedAt: moment,
                        postings: lines.map { account, units in
                            let amount = Amount(asset: .stars, units: Int256(units))
                            return Posting(account: AccountID(text: account), amount: amount)
                        }
                    )
                )
            }
            try session.execute("INSERT INTO assets (code) VALUES ('fiat:EUR')", [])
        }
        return database
    }

    private static func moment(in period: Int64) throws -> Timestamp {
        let days = (0...1_000).map { Timestamp(seconds: 1_780_000_000 + 86_400 * Int64($0)) }
        return try #require(days.first { LedgerPeriod(containing: $0).number == period })
    }

    /// The audit's findings after a statement, which is rolled back.
    private static func findings(
        after sql: String,
        _ arguments: [SQLValue],
        in database: any Database
    ) async throws -> [String] {
        do {
            try await database.write { session in
                guard try session.change(sql, arguments) == 1 else { throw Found(findings: []) }
                throw Found(findings: try session.auditJournal().findings)
            }
            return []
        } catch let found as Found { return found.findings }
    }

    @Test("is named when its whole period was moved together with the ledger transaction", arguments: Engine.allCases)
    func wholePeriod(engine: Engine) async throws {
        let database = try await Self.world(on: engine)
        do {
            try await database.write { session in
                for table in ["ledger_transactions", "balances"] {
                    try session.execute("UPDATE \(table) SET period = 202702 WHERE period = 202701", [])
                }
                throw Found(findings: try session.auditJournal().findings)
            }
        } catch let found as Found {
            let id = Identifier<LedgerTransactionKind>(value: 4)
            #expect(found.findings == ["ledger transaction \(id) was booked in 202701, and stands in 202702"])
        }
        try await database.close()
    }

    @Test("is named with its account, asset and period", arguments: Engine.allCases)
    func rows(engine: Engine) async throws {
        let database = try await Self.world(on: engine)
        #expect(try await database.read { try $0.auditJournal().findings }.isEmpty)
        let key = "account = (SELECT number FROM accounts WHERE code = $1 AND scope = $2) AND period = $3"
        let euro = "(SELECT number FROM assets WHERE code = 'fiat:EUR')"
        for (text, units) in Self.booked {
            let account = AccountID(text: text)
            for (period, units) in zip(Self.periods, units) {
                let row: [SQLValue] = [.text(account.code.rawValue), .text(account.scope ?? ""), .integer(period)]
                let name = "the balance of \(text) in \(AssetID.stars.text) at the end of \(period), in book 0,"
                if units == nil {
                    // A row for a period without bookings is a finding, also when its balance is right.
                    for units: Int64 in [0, 5, -5, -12] {
                        let insertion = """
                            INSERT INTO balances (book, account, asset, period, units) SELECT 0, a.number, s.number, $3, $4
                            FROM accounts a CROSS JOIN assets s WHERE a.code = $1 AND a.scope = $2
                            AND s.code = '\(AssetID.stars.text)'
                            """
                        let found = try await Self.findings(
                            after: insertion,
                            row + [.units(Int256(units))],
                            in: database
                        )
                        #expect(found == ["\(name) has no postings in that period"])
                    }
                    continue
                }
                let changed = try await Self.findings(
                    after: "UPDATE balances SET units = $4 WHERE \(key)",
                    row + [.units(Int256(3))],
                    in: database
                )
                #expect(changed == ["\(name) is not what its postings say"])
                let deleted = try await Self.findings(after: "DELETE FROM balances WHERE \(key)", row, in: database)
                #expect(deleted == ["\(name) is missing"])
                for other: Int64 in [202608, 202611, 202702, 0] {
                    let moved = try await Self.findings(
                        after: "UPDATE balances SET period = \(other) WHERE \(key)",
                        row,
                        in: database
                    )
                    #expect(moved.count == 2 && moved.contains("\(name) is missing"), "\(moved)")
                    #expect(
                        moved.contains { $0.contains("at the end of \(other), in book 0, has no postings") },
                        "\(moved)"
                    )
                }
                let inEuro = try await Self.findings(
                    after: "UPDATE balances SET asset = \(euro) WHERE \(key)",
                    row,
                    in: database
                )
                #expect(inEuro.count == 2 && inEuro.contains("\(name) is missing"), "\(inEuro)")
            }
        }
        #expect(try await database.read { try $0.auditJournal().findings }.isEmpty)
        try await database.close()
    }
}
