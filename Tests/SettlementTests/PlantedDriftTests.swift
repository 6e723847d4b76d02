import DatabaseEngines
import Ledger
import Money
import Payments
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

@Suite("What was changed behind the gateway's back, drawn from a seed")
struct PlantedDriftTests {
    struct Run: Sendable, CustomTestStringConvertible {
        let engine: Engine
        let seed: UInt64
        var testDescription: String { "\(engine.rawValue), seed \(seed)" }
    }

    /// How many changes of each kind are planted in each run.
    static let changes = 25
    static let runs =
        (1...2).map { Run(engine: .sqlite, seed: $0) } + (11...12).map { Run(engine: .postgreSQL, seed: $0) }

    /// The audit's findings after a change; thrown, so that the change is rolled back.
    private struct Planted: Error {
        let findings: [String]
    }

    /// A column, the rows in which it means something, and the values of a row by which the audit names it.
    private struct Place: Sendable {
        let table: String
        let column: String
        var condition = "0 = 0"
        /// Columns that say which row it is.
        var key = ["book", "id"]
        /// The column whose value a finding names.
        var named = "id"

        /// A condition that is true for one row, whose key is in the parameters behind `count` others.
        func isRow(after count: Int) -> String {
            key.enumerated().map { "\($1) = $\(count + $0 + 1)" }.joined(separator: " AND ")
        }
    }

    /// Every column of an amount that the audit compares.
    private static let money: [Place] = [
        Place(table: "payments", column: "amount", condition: "handed_over = 0"),
        // The value of a payment is what it counts for its invoice.
        Place(table: "payments", column: "value", condition: counted, named: "invoice"),
        Place(table: "invoices", column: "price"),
        Place(table: "invoices", column: "threshold"),
        Place(table: "invoices", column: "received"),
        Place(table: "payment_options", column: "price", named: "invoice"),
        Place(table: "payment_options", column: "due", named: "invoice"),
        Place(table: "outgoing", column: "amount"),
        Place(table: "outgoing", column: "fee", condition: "fee IS NOT NULL"),
        Place(table: "cases", column: "amount", condition: "amount IS NOT NULL"),
        Place(table: "balances", column: "units", key: ["book", "account", "asset", "period"], named: "period"),
        Place(table: "postings", column: "units", key: ["book", "sequence", "line"], named: "sequence"),
    ]

    /// The other columns of amounts, and why they are not compared.
    private static let others = [
        "past_quotes.due": "an offer that has ended",
        "sightings.amount": "what was seen and is not booked yet; it is replaced by what becomes final",
        "payment_links.price": "an offer; each of its invoices has a price of its own",
        "subscriptions.price": "an offer; each of its invoices has a price of its own",
        "paid_media.price": "an offer; each of its invoices has a price of its own",
        "wallet_spends.movement": "what a chain said, to be looked at by a person",
        "wallet_spends.amount": "what a chain said, to be looked at by a person",
        "payout_limits.amount": "a rule for what may leave, and no money",
        "own_movements.amount": "a request between the gateway's own wallets that is under way",
    ]

    /// The value of a payment that does not count is informational.
    private static let counted =
        "state = \(code("payments.state", "final")) AND classification IN ("
        + ["exact", "partial", "over"].map { code("payments.classification", $0) }.joined(separator: ", ") + ")"

    private static func code(_ columns: String, _ word: String) -> String {
        "(SELECT code FROM codes WHERE columns = '\(columns)' AND word = '\(word)')"
    }

    /// The columns of sealed rows: of ledger transactions, their postings, and the names behind the numbers in these.
    private static let sealed: [Place] =
        [
            "id", "seal", "kind", "subject_kind", "subject", "movement", "merchant", "rail", "provider", "occurred_at",
            "posted_at", "period", "reverses",
        ].map {
            Place(table: "ledger_transactions", column: $0, condition: "\($0) IS NOT NULL", key: ["book", "sequence"])
        }
        + ["account", "asset", "units"].map {
            Place(table: "postings", column: $0, key: ["book", "sequence", "line"], named: "sequence")
        }
        + [
            Place(table: "accounts", column: "code", condition: used, key: ["number"], named: "number"),
            Place(
                table: "accounts",
                column: "scope",
                condition: "scope <> '' AND \(used)",
                key: ["number"],
                named: "number"
            ),
            Place(
                table: "assets",
                column: "code",
                condition: "number IN (SELECT asset FROM postings)",
                key: ["number"],
                named: "number"
            ),
        ]

    private static let used = "number IN (SELECT account FROM postings)"

    // MARK: - Laws

    @Test("is named with its row when it is one unit of money, in whatever table", arguments: runs)
    func units(run: Run) async throws {
        let desk = try await Self.world(run)
        let random = SeededRandom(seed: run.seed)
        var planted = 0
        for attempt in 0..<(Self.changes * 5) where planted < Self.changes {
            let place = Self.money[(attempt + Int(run.seed) * 5) % Self.money.count]
            let isMore = random.next() % 2 == 0
            let sql = "SELECT 'telegram:XTR', \(place.column) FROM \(place.table)"
            guard let row = try await Self.anyRow(of: place, random, at: desk) else { continue }
            let stored = try await desk.settlement.database.read { session in
                try session.query("\(sql) WHERE \(place.isRow(after: 0))", row.key).map { row in
                    var row = row
                    return try row.amount()
                }
            }
            let drift = Amount(asset: .stars, units: Int256(isMore ? 1 : -1))
            let changed = try #require(stored.first).adding(drift)
            guard let found = try await Self.findings(of: place, row.key, .units(changed.units), at: desk) else {
                continue
            }
            planted += 1
            let isNamed = found.contains { finding in row.names.contains { finding.contains($0) } }
            #expect(isNamed, "\(run) \(place.table).\(place.column) of \(row.names), \(drift): \(found)")
        }
        #expect(planted == Self.changes)
        #expect(try await desk.booksHold())
        try await desk.settlement.database.close()
    }

    @Test("is named with its ledger transaction when it is one byte of a sealed row", arguments: runs)
    func bytes(run: Run) async throws {
        let desk = try await Self.world(run)
        let random = SeededRandom(seed: run.seed)
        var planted = 0
        for attempt in 0..<(Self.changes * 20) where planted < Self.changes {
            let place = Self.sealed[(attempt + Int(run.seed) * 7) % Self.sealed.count]
            guard let row = try await Self.anyRow(of: place, random, at: desk),
                let changed = Self.withOtherByte(row.value, random),
                let found = try await Self.findings(of: place, row.key, changed, at: desk)
            else { continue }
            planted += 1
            let isNamed = found.contains { finding in
                (row.names + Self.digits(place.column == "id" ? changed : .null)).contains { finding.contains($0) }
            }
            #expect(isNamed, "\(run) \(place.table).\(place.column) of \(row.names): \(found)")
        }
        #expect(planted == Self.changes)
        #expect(try await desk.booksHold())
        try await desk.settlement.database.close()
    }

    /// A longer end whose ledger transactions undo each other leaves no trace in the database: only a journal's end that
    /// was kept elsewhere shows that it was there.
    @Test("is named when it is the last ledger transaction of a book, which was cut off", arguments: runs)
    func tails(run: Run) async throws {
        let desk = try await Self.world(run)
        let books = try await desk.settlement.database.read { session in
            try session.query("SELECT DISTINCT book FROM ledger_transactions ORDER BY book", []).map { $0.values[0] }
        }
        #expect(!books.isEmpty)
        for book in books {
            do {
                try await desk.settlement.database.write { session in
                    let last = try session.query(
                        "SELECT MAX(sequence) FROM ledger_transactions WHERE book = $1",
                        [book]
                    )[0].values[0]
                    for table in ["postings", "ledger_transactions"] {
                        try session.execute("DELETE FROM \(table) WHERE book = $1 AND sequence = $2", [book, last])
                    }
                    throw Planted(findings: try desk.settlement.audit(in: session))
                }
            } catch let planted as Planted {
                #expect(!planted.findings.isEmpty, "\(run), the last of book \(book.number)")
            }
        }
        #expect(try await desk.booksHold())
        try await desk.settlement.database.close()
    }

    @Test("is considered for every column of an amount", arguments: Engine.allCases)
    func everyAmount(engine: Engine) async throws {
        let database = try engine.open()
        let sql =
            engine == .sqlite
            ? """
            SELECT m.name || '.' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
            WHERE m.type = 'table' AND c.type = 'BLOB' AND instr(m.sql, c.name || ' BLOB CHECK (length(' || c.name
            || ') BETWEEN 1 AND 33)') > 0
            """
            : """
            SELECT (table_name || '.' || column_name)::text FROM information_schema.columns
            WHERE table_schema = current_schema() AND data_type = 'numeric'
            """
        let columns = try await database.read { session in
            try session.query(sql, []).compactMap { row in
                if case .text(let name)? = row.first { name } else { nil }
            }
        }
        let known = Set(Self.money.map { "\($0.table).\($0.column)" }).union(Self.others.keys)
        #expect(Set(columns) == known)
        try await database.close()
    }

    // MARK: - Changes

    /// A desk after forty random steps.
    private static func world(_ run: Run) async throws -> Desk {
        var world = try await LawWorld(on: run.engine, seed: run.seed)
        for _ in 1...40 { _ = try await world.step() }
        return world.desk
    }

    /// A row of a place: its key, the value of the column, and the texts of which a finding has one.
    private struct Row: Sendable {
        let key: [SQLValue]
        let value: SQLValue
        let names: [String]
    }

    private static func anyRow(of place: Place, _ random: SeededRandom, at desk: Desk) async throws -> Row? {
        let (columns, count) = (place.key.joined(separator: ", "), place.key.count)
        let sql = """
            SELECT \(columns), \(place.column), \(place.named) FROM \(place.table) WHERE \(place.condition)
            ORDER BY \(columns)
            """
        let rows = try await desk.settlement.database.read { try $0.query(sql, []).map(\.values) }
        guard !rows.isEmpty else { return nil }
        let row = rows[Int(random.next() % UInt64(rows.count))]
        let names: [String]
        switch row[count + 1] {
        case .blob: names = digits(row[count + 1])
        // Names behind numbers are not sealed by themselves: the first ledger transaction that uses one is named.
        case .integer where place.named == "number": names = ["ledger transaction", "of the journal"]
        case .integer(let number) where place.named == "period": names = ["at the end of \(number)"]
        case .integer(let number): names = ["row \(number)"] + (try await ledgerName(of: row[0], number, at: desk))
        default: names = []
        }
        let inJournal = place.table == "ledger_transactions" ? ["row \(row[1].number)"] : []
        return Row(key: Array(row[..<count]), value: row[count], names: names + inJournal)
    }

    /// The text of an identifier without its prefix: identifiers of different kinds differ in nothing else.
    private static func digits(_ value: SQLValue) -> [String] {
        guard case .blob(let bytes) = value, let text = PayoutID(bytes: bytes)?.text else { return [] }
        return [String(text.dropFirst(PayoutKind.prefix.count))]
    }

    /// The identifier of the ledger transaction with a number in a book.
    private static func ledgerName(of book: SQLValue, _ sequence: Int64, at desk: Desk) async throws -> [String] {
        let sql = "SELECT id FROM ledger_transactions WHERE book = $1 AND sequence = $2"
        return try await desk.settlement.database.read { session in
            try session.query(sql, [book, .integer(sequence)]).compactMap { row in
                guard case .blob(let bytes)? = row.first else { return nil }
                return Identifier<LedgerTransactionKind>(bytes: bytes)?.text
            }
        }
    }

    /// The audit's findings after a change of a row, which is rolled back; nil when the database itself refuses it.
    private static func findings(
        of place: Place,
        _ key: [SQLValue],
        _ value: SQLValue,
        at desk: Desk
    ) async throws -> [String]? {
        do {
            try await desk.settlement.database.write { session in
                let sql = "UPDATE \(place.table) SET \(place.column) = $1 WHERE \(place.isRow(after: 1))"
                guard try session.change(sql, [value] + key) == 1 else { throw Planted(findings: ["no row"]) }
                throw Planted(findings: try desk.settlement.audit(in: session))
            }
            return nil
        } catch let planted as Planted {
            return planted.findings
        } catch let error as StorageError where [.constraint, .unstorable].contains(error.code) {
            return nil
        }
    }

    /// A value with one other byte; nil when it has none.
    private static func withOtherByte(_ value: SQLValue, _ random: SeededRandom) -> SQLValue? {
        let change = UInt8(1 + random.next() % 255)
        switch value {
        case .blob(var bytes) where !bytes.isEmpty:
            bytes[Int(random.next() % UInt64(bytes.count))] ^= change
            return .blob(bytes)
        case .text(let text) where !text.isEmpty:
            var bytes = Array(text.utf8)
            let index = Int(random.next() % UInt64(bytes.count))
            let letter = UInt8(ascii: "a") + change % 10
            bytes[index] = bytes[index] == letter ? letter + 1 : letter
            return .text(String(decoding: bytes, as: UTF8.self))
        case .integer(let number):
            return .integer(number ^ Int64(change) << Int64(8 * (random.next() % 2)))
        case .units(let units):
            return
                (try? Amount(asset: .stars, units: units).adding(Amount(asset: .stars, units: Int256(Int64(change)))))
                .map { .units($0.units) }
        default: return nil
        }
    }
}

extension SQLValue {
    /// The number in it; -1 when it is none.
    fileprivate var number: Int64 { if case .integer(let number) = self { number } else { -1 } }
}
