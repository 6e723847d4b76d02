import DatabaseEngines
import Foundation
import Ledger
import Money
import Payments
import Records
import Seams
import Storage
import StoragePostgreSQL
import StorageSQLite
import Synchronization
import Testing

@Suite("Books")
struct BooksTests {
    private static let now = Timestamp(seconds: 1_795_200_000)
    private static let operators = MerchantID(value: 0)

    /// A database with three books of merchants, the operator and seven merchants.
    private static func database(on engine: Engine) async throws -> any Database {
        let place = try engine.place()
        let database: any Database =
            switch engine {
            case .sqlite: try SQLiteDatabase(path: place, books: 3)
            case .postgreSQL: try PostgresDatabase(settings: place, books: 3)
            }
        try await fill(database)
        return database
    }

    private static func fill(_ database: any Database) async throws {
        try await database.write { session in
            func merchant(_ id: MerchantID) -> MerchantRecord {
                MerchantRecord(id: id, name: "m", feeBasisPoints: 0, createdAt: now)
            }
            try session.insertOperator(merchant(operators))
            for number: UInt128 in 1...7 { try session.insert(merchant(MerchantID(value: number))) }
        }
    }

    private static func booking(_ number: Int, of merchant: MerchantID?, _ units: Int64) throws -> LedgerTransaction {
        let amount = Amount(asset: .stars, units: Int256(units))
        let own = merchant.map { "merchant_balance/\($0.text)" } ?? "suspense/ton"
        return try LedgerTransaction(
            id: Identifier(value: UInt128(number)),
            kind: .paymentHeld,
            subject: LedgerSubject(PaymentID(value: UInt128(number))),
            origin: LedgerOrigin(merchant: merchant?.text, provider: "ton"),
            occurredAt: now,
            postedAt: now.advanced(by: .seconds(Int64(number))),
            postings: [
                Posting(account: AccountID(text: "provider_receivable/ton"), amount: amount),
                Posting(account: AccountID(text: own), amount: amount.negated()),
            ]
        )
    }

    @Test("are assigned evenly to merchants, and the operator has one of its own", arguments: Engine.allCases)
    func assignment(engine: Engine) async throws {
        let database = try await Self.database(on: engine)
        let (books, merchants) = try await database.read { session in
            (try session.ledgerBooks(), try (1...7).map { try session.book(of: MerchantID(value: UInt128($0))) })
        }
        #expect(books.map(\.number) == [0, 1, 2, 3])
        #expect(merchants.map(\.number) == [1, 2, 3, 1, 2, 3, 1])
        #expect(try await database.read { try $0.book(of: Self.operators) } == .operators)
        #expect(try await database.read { try $0.book(of: nil) } == .operators)
        await #expect(throws: StorageError.self) {
            try await database.write { try LedgerWriter($0).post(Self.booking(1, of: MerchantID(value: 99), 1)) }
        }
        try await database.close()
    }

    @Test(
        "each have their own numbers, seals and balances, and add up to the whole",
        arguments: Engine.allCases,
        [1, 2, 3] as [UInt64]
    )
    func journals(engine: Engine, seed: UInt64) async throws {
        let database = try await Self.database(on: engine)
        let random = SeededRandom(seed: seed)
        var held: [LedgerBook: Int64] = [:]
        var counts: [LedgerBook: Int64] = [:]
        for number in 1...40 {
            let place = Int(random.next() % 8)
            let merchant = place == 0 ? nil : MerchantID(value: UInt128(place))
            let units = Int64(random.next() % 1_000) + 1
            let book = try await database.write { session in
                try LedgerWriter(session).post(Self.booking(number, of: merchant, units))
                return try session.book(of: merchant)
            }
            held[book, default: 0] += units
            counts[book, default: 0] += 1
        }
        let rail = AccountID(text: "provider_receivable/ton")
        try await database.read { [held, counts] session in
            let audit = try session.auditJournal()
            #expect(audit.findings.isEmpty && audit.checked == 40, "seed \(seed)")
            let sql = "SELECT book, COUNT(*), MAX(sequence) FROM ledger_transactions GROUP BY book ORDER BY book"
            for found in try session.query(sql, []) {
                var row = found
                let book = LedgerBook(number: try row.integer())
                #expect(try (row.integer(), row.integer()) == (counts[book], counts[book]), "seed \(seed)")
            }
            let merchants = (1...7).map { MerchantID(value: UInt128($0)) } + [Self.operators]
            for merchant in merchants {
                let book = try session.book(of: merchant)
                let units = try session.balance(rail, of: merchant, asset: .stars).units
                #expect(units == Int256(held[book] ?? 0), "seed \(seed): \(book)")
            }
            let sum = held.values.reduce(0, +)
            #expect(try session.balances(of: rail).map(\.units) == [Int256(sum)], "seed \(seed)")
            let trial = try session.trialBalance()
            let line = try #require(trial.lines.first { $0.account == rail })
            #expect(trial.isBalanced && "\(line.balance.units)" == "\(sum)", "seed \(seed)")
            let period = try #require(try session.newestPeriod())
            #expect(try session.trialBalance(of: period).isBalanced, "seed \(seed)")
        }
        try await database.close()
    }

    @Test("are named by the audit when a row was moved from one to another", arguments: Engine.allCases)
    func movedRow(engine: Engine) async throws {
        let database = try await Self.database(on: engine)
        for number in 1...6 {
            try await database.write {
                try LedgerWriter($0).post(Self.booking(number, of: MerchantID(value: UInt128(number)), 5))
            }
        }
        let changes = [
            "UPDATE postings SET book = 2 WHERE book = 1 AND sequence = 1 AND line = 1",
            "UPDATE balances SET book = 0 WHERE book = 1 AND account = (SELECT MIN(account) FROM balances WHERE book = 1)",
            "UPDATE ledger_transactions SET seal = (SELECT seal FROM ledger_transactions WHERE book = 2 AND sequence = 1)"
                + " WHERE book = 1 AND sequence = 1",
        ]
        struct Undone: Error { let findings: [String] }
        for change in changes {
            let undone = await #expect(throws: Undone.self, "\(change)") {
                try await database.write { session in
                    do { _ = try session.change(change, []) } catch { throw Undone(findings: ["the database refuses"]) }
                    throw Undone(findings: try session.auditJournal().findings)
                }
            }
            #expect(undone?.findings.isEmpty == false, "\(change)")
        }
        #expect(try await database.read { try $0.auditJournal().findings }.isEmpty)
        try await database.close()
    }

    @Test("hand a payment over whole, with its customer's data and notices", arguments: Engine.allCases)
    func handedOver(engine: Engine) async throws {
        let database = try await Self.database(on: engine)
        let unmatched = Payment.stored(1, of: nil, at: Self.now)
        let matched = Payment.stored(1, of: MerchantID(value: 2), at: Self.now)
        try await database.write { session in
            try session.insert(unmatched)
            try session.insertPersonalData([1, 2], of: unmatched, at: Self.now)
            try session.insertNotice(unmatched.id.text, of: unmatched, by: "telegram:shop", at: Self.now)
        }
        try await database.write { try $0.replace(matched, from: unmatched) }
        let later = Self.now.advanced(by: .seconds(1))
        try await database.read { session in
            #expect(try session.payment(matched.id) == matched)
            #expect(try session.payments(of: MerchantID(value: 2), in: Page(limit: 9)) == [matched])
            #expect(try session.unmatchedPayments(provider: "ton", payer: "payer", limit: 9).isEmpty)
            #expect(try session.payments(of: "payer", key: nil, at: ["ton"], limit: 9) == [matched])
            #expect(try session.standingPayments(provider: "ton", since: Self.now) == [matched])
            #expect(try session.personalData(of: matched.id)?.sealed == [1, 2])
            #expect(try session.dueNotices(at: later, limit: 9).map(\.payment) == [matched.id])
            let rows = try session.query("SELECT book, handed_over FROM payments ORDER BY book", []).map(\.values)
            #expect(rows == [[.integer(0), .integer(1)], [.integer(2), .integer(0)]])
        }
        // A notice that was asked for again is the same one.
        try await database.write { session in
            try session.insertNotice(matched.id.text, of: matched, by: "telegram:shop", at: Self.now)
        }
        #expect(try await database.read { try $0.dueNotices(at: later, limit: 9).count } == 1)
        // A merchant's payment never becomes the operator's, or another merchant's.
        for other in [nil, MerchantID(value: 3)] {
            await #expect(throws: StorageError(.corrupt, "")) {
                try await database.write { try $0.replace(.stored(1, of: other, at: Self.now), from: matched) }
            }
        }
        try await database.close()
    }

    @Test("other than the operator's may not hold unmatched money", arguments: Engine.allCases)
    func operatorsAccounts(engine: Engine) async throws {
        let database = try await Self.database(on: engine)
        let amount = Amount(asset: .stars, units: 5)
        let misplaced = try LedgerTransaction(
            id: Identifier(value: 1),
            kind: .paymentHeld,
            subject: LedgerSubject(PaymentID(value: 1)),
            origin: LedgerOrigin(merchant: MerchantID(value: 1).text, provider: "ton"),
            occurredAt: Self.now,
            postedAt: Self.now,
            postings: [
                Posting(account: AccountID(text: "provider_receivable/ton"), amount: amount),
                Posting(account: AccountID(text: "suspense/ton"), amount: amount.negated()),
            ]
        )
        try await database.write { try LedgerWriter($0).post(misplaced) }
        let findings = try await database.read { try $0.auditJournal().findings }
        #expect(findings.count == 1 && findings[0].contains("book 1"), "\(findings)")
        try await database.close()
    }

    @Test("know from a statement's text which table it changes")
    func changedTables() {
        let statements: [(String, String?)] = [
            ("INSERT INTO wallets (provider) VALUES ($1)", "wallets"), ("INSERT INTO bots(id)\nVALUES ($1)", "bots"),
            ("UPDATE leases SET holder = $1", "leases"),
            ("UPDATE webhook_endpoints AS w SET claim = 1", "webhook_endpoints"),
            ("DELETE FROM inbox WHERE key = $1", "inbox"), ("SELECT * FROM inbox", nil), ("SAVEPOINT item", nil),
            ("INSERT INTO\nmerchants (id) VALUES ($1)", "merchants"), ("", nil),
        ]
        for (sql, table) in statements { #expect(Schema.changedTable(of: sql) == table, "\(sql)") }
        #expect(Schema.sharedTable(changedBy: "INSERT INTO invoices (id) VALUES ($1)") == nil)
        #expect(Schema.sharedTable(changedBy: "UPDATE wallets SET hold = 1") == "wallets")
    }
}

extension Payment {
    /// A payment of a merchant, or an unmatched one.
    static func stored(_ number: UInt128, of merchant: MerchantID?, at moment: Timestamp) -> Self {
        Self(
            id: PaymentID(value: number),
            invoice: nil,
            option: nil,
            merchant: merchant,
            rail: .ton,
            provider: "ton",
            naturalKey: NaturalKey("test", "\(number)"),
            amount: Amount(asset: .stars, units: 5),
            value: nil,
            quote: nil,
            classification: merchant == nil ? .unmatched : .exact,
            payer: "payer",
            refundTarget: nil,
            evidence: "e",
            state: .final,
            occurredAt: moment,
            recordedAt: moment,
            availableAt: moment
        )
    }
}
