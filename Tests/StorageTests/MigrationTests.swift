import BigInt
import DatabaseEngines
import GRDB
import Ledger
import Money
import Payments
import Records
import Seams
import Testing

@testable import Storage
@testable import StoragePostgreSQL
@testable import StorageSQLite

@Suite("The schema, on each engine")
struct MigrationTests {
    /// Steps that a later version might have, behind the baseline.
    private static let later: [Schema.Migration] =
        Schema.migrations + [
            Schema.Migration(
                number: Schema.version + 1,
                statements: [
                    "ALTER TABLE merchants ADD COLUMN website TEXT",
                    "UPDATE merchants SET website = 'https://' || name",
                    "CREATE TABLE later (id {id} NOT NULL PRIMARY KEY REFERENCES merchants (id), paid {units}) {table}",
                    "INSERT INTO later (id) SELECT id FROM merchants",
                ]
            )
        ]

    /// Migrates a database to a version, as that version's program does.
    private func migrate(_ place: String, to known: [Schema.Migration], on engine: Engine) throws {
        switch engine {
        case .sqlite:
            let queue = try DatabaseQueue(path: place)
            try queue.writeWithoutTransaction { try SQLiteMigrator.run(on: $0, known, migrating: true) }
            try queue.close()
        case .postgreSQL:
            let connection = PostgresConnection(settings: place)
            defer { connection.disconnect() }
            try PostgresMigrator.run(on: connection, known, migrating: true)
        }
    }

    private func texts(_ sql: String, in database: any Storage.Database) async throws -> [String] {
        try await database.read { session in
            try session.query(sql, []).map { row in
                var row = row
                return try row.optionalText() ?? "NULL"
            }
        }
    }

    /// Rows of a database, read by the engine itself.
    private func raw(_ sql: String, at place: String, on engine: Engine) throws -> [String] {
        switch engine {
        case .sqlite:
            let queue = try DatabaseQueue(path: place)
            defer { try? queue.close() }
            return try queue.read { try String.fetchAll($0, sql: sql) }
        case .postgreSQL:
            let connection = PostgresConnection(settings: place)
            defer { connection.disconnect() }
            return try connection.run(sql).rows.map { row in
                if case .text(let text)? = row.first { text } else { "" }
            }
        }
    }

    @Test("is migrated from the baseline with its rows, each step once", arguments: Engine.allCases)
    func forward(engine: Engine) async throws {
        let place = try engine.place()
        let database = try engine.open(place)
        let merchant = MerchantRecord(
            id: MerchantID(value: 7),
            name: "shop",
            feeBasisPoints: 100,
            createdAt: Timestamp(seconds: 1)
        )
        try await database.write { try $0.insert(merchant) }
        try await database.close()
        for _ in 0..<2 { try migrate(place, to: Self.later, on: engine) }
        let joined = "SELECT m.website FROM merchants m JOIN later l ON l.id = m.id"
        #expect(try raw(joined, at: place, on: engine) == ["https://shop"])
        // This program knows the baseline only, and refuses the newer schema.
        #expect(throws: StorageError(.newerSchema, "")) { try engine.open(place) }
    }

    @Test("is not migrated without an instruction", arguments: Engine.allCases)
    func refused(engine: Engine) throws {
        #expect(throws: StorageError(.unavailable, "")) {
            try Schema.migrations(after: Schema.version, of: Self.later, migrating: false)
        }
        #expect(try Schema.migrations(after: 0, of: Self.later, migrating: false).count == Self.later.count)
    }

    @Test("has the same indexes on both engines")
    func indexes() async throws {
        let (sqlite, postgres) = (try Engine.sqlite.open(), try Engine.postgreSQL.open())
        let here = try await texts(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name",
            in: sqlite
        )
        let there = try await texts(
            """
            SELECT i.indexname::text FROM pg_indexes i WHERE i.schemaname = 'public'
            AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname) ORDER BY i.indexname::text
            """,
            in: postgres
        )
        #expect(here == there)
        #expect(here.count > 30)
        try await sqlite.close()
        try await postgres.close()
    }

    @Test("has a meaning for each number of an enumeration, and takes no other", arguments: Engine.allCases)
    func codes(engine: Engine) async throws {
        func words<Code: StoredCode>(_ type: Code.Type) -> [String] {
            #expect(Set(Code.stored) == Set(Code.allCases), "\(Code.columns) has a case without a number")
            #expect(Code.stored.count == Set(Code.stored).count, "\(Code.columns) has a case with two numbers")
            return Code.stored.map { "\(Code.columns) \($0.code) \($0.rawValue)" }
        }
        let database = try engine.open()
        let expected = Schema.codes.flatMap { words($0) }.sorted()
        let kept = try await database.read { session in
            try session.query("SELECT columns, code, word FROM codes", []).map { row in
                var row = row
                return "\(try row.text()) \(try row.integer()) \(try row.text())"
            }
        }
        #expect(kept.sorted() == expected)
        let merchant = MerchantID(value: 1)
        func insertKey(role: Int) async throws {
            try await database.write { session in
                try session.execute(
                    """
                    INSERT INTO api_keys (id, merchant, digest, label, role, scopes, version, created_at)
                    VALUES ($2, $1, $1, 'l', \(role), '', 'v', 1)
                    """,
                    [.id(merchant), .id(APIKeyID(value: UInt128(role + 10)))]
                )
            }
        }
        try await database.write { session in
            try session.insert(
                MerchantRecord(id: merchant, name: "m", feeBasisPoints: 0, createdAt: Timestamp(seconds: 1))
            )
        }
        for role in KeyAccess.Role.stored { try await insertKey(role: Int(role.code)) }
        for role in [0, -1, KeyAccess.Role.stored.count + 1] {
            await #expect(throws: StorageError(.constraint, ""), "\(role)") { try await insertKey(role: role) }
        }
        try await database.close()
    }

    @Test("compares, sorts and adds amounts exactly, whatever their size", arguments: Engine.allCases)
    func units(engine: Engine) async throws {
        let random = SeededRandom(seed: 11)
        let edges = ["0", "1", "-1", "255", "256", "-255", "-256", "9223372036854775807", "9223372036854775808"]
        let ends = [
            "57896044618658097711785492504343953926634992332820282019728792003956564819967",
            "-57896044618658097711785492504343953926634992332820282019728792003956564819968",
        ]
        var amounts = try (edges + ends).map { try Int256(decimal: $0.utf8) }
        for _ in 0..<200 {
            let digits = random.next() % 60 + 1
            let text = (0..<digits).map { _ in "\(random.next() % 9 + 1)" }.joined()
            amounts.append(try Int256(decimal: (random.next() % 2 == 0 ? text : "-" + text).utf8))
        }
        let kept = amounts
        let database = try engine.open()
        let (sorted, sum) = try await database.write { session -> ([Int256], String) in
            try session.execute(
                "CREATE TABLE kept (place BIGINT, units \(engine == .sqlite ? "BLOB" : "NUMERIC(78, 0)"))",
                []
            )
            for (place, units) in kept.enumerated() {
                try session.execute("INSERT INTO kept VALUES ($1, $2)", [.integer(Int64(place)), .units(units)])
            }
            let sorted = try session.all("SELECT units FROM kept ORDER BY units", []) {
                try $0.optionalUnits() ?? .zero
            }
            let function = engine == .sqlite ? "sum_units(units)" : "CAST(SUM(units) AS TEXT)"
            let half = kept[3]
            let below = try session.all("SELECT units FROM kept WHERE units < $1", [.units(half)]) {
                try $0.optionalUnits() ?? .zero
            }
            #expect(below.count == kept.count { $0 < half })
            return (sorted, try session.first("SELECT \(function) FROM kept", []) { try $0.text() } ?? "")
        }
        #expect(sorted == kept.sorted())
        #expect(sum == "\(kept.reduce(BigInt(0)) { $0 + BigInt($1) })")
        try await database.close()
    }
}
