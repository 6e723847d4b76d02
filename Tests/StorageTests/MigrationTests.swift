import DatabaseEngines
import GRDB
import Seams
import Testing

@testable import Storage
@testable import StoragePostgreSQL
@testable import StorageSQLite

@Suite("A database with rows, brought up to date, on each engine")
struct MigrationTests {
    /// The version before what comes by a provider was kept to that provider.
    private static let old = 23

    /// Makes a database of the old version.
    private func make(_ engine: Engine) throws -> String {
        let place = try engine.place()
        switch engine {
        case .sqlite:
            let queue = try DatabaseQueue(path: place)
            try queue.writeWithoutTransaction { try SQLiteMigrator.run(on: $0, upTo: Self.old, migrating: true) }
            try queue.close()
        case .postgreSQL:
            let connection = PostgresConnection(settings: place, isDurable: false)
            try PostgresMigrator.run(on: connection, upTo: Self.old, migrating: true)
            connection.disconnect()
        }
        return place
    }

    /// Runs statements on a database as it is.
    private func run(_ statements: [String], _ engine: Engine, _ place: String) throws {
        switch engine {
        case .sqlite:
            let queue = try DatabaseQueue(path: place)
            try queue.write { database in for statement in statements { try database.execute(sql: statement) } }
            try queue.close()
        case .postgreSQL:
            let connection = PostgresConnection(settings: place, isDurable: false)
            for statement in statements { try connection.run(statement) }
            connection.disconnect()
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

    private static let invoice = """
        INSERT INTO invoices (id, merchant, title, summary, goods, asset, price, threshold, received, tolerance, metadata,
        state, exception, created_at, expires_at, monitored_until) VALUES ('inv_1', 'mer_1', 't', 's', 'physical', 'coin',
        '5', '5', '0', 0, '{}', 'new', 'none', 1, 2, 3)
        """

    private static func option(_ name: String, at provider: String) -> String {
        """
        INSERT INTO payment_options (id, invoice, rail, provider, asset, due, price_asset, price, link, reference_scope,
        reference_value, settings) VALUES ('opt_\(name)', 'inv_1', 'ton', '\(provider)', 'coin', '5', 'coin', '5', 'l', 's',
        '\(name)', '{}')
        """
    }

    private static func payment(_ name: String, option: String?, at provider: String, key: String) -> String {
        """
        INSERT INTO payments (id, invoice, option, merchant, rail, provider, natural_key, asset, amount, classification,
        evidence, state, occurred_at, recorded_at, available_at) VALUES ('pay_\(name)', 'inv_1',
        \(option.map { "'opt_\($0)'" } ?? "NULL"), 'mer_1', 'ton', '\(provider)', '\(key)', 'coin', '5', 'exact', '{}',
        'final', 1, 2, 3)
        """
    }

    private static func entry(_ number: Int, _ kind: String, of subject: String) -> [String] {
        let seal = "CAST('\(number)' AS BLOB)"
        let posting = "INSERT INTO postings (sequence, line, account, asset, units) VALUES"
        return [
            """
            INSERT INTO ledger_transactions (sequence, id, kind, occurred_at, subject, seal)
            VALUES (\(number), 'led_\(number)', '\(kind)', 1, '\(subject)', \(seal))
            """,
            "\(posting) (\(number), 0, 'merchant_balance/mer_1', 'coin', '5')",
            "\(posting) (\(number), 1, 'refunds_payable/mer_1', 'coin', '-5')",
        ]
    }

    private static func refund(_ name: String, of payment: String) -> String {
        """
        INSERT INTO outgoing (id, kind, payment, merchant, provider, asset, amount, destination, state, created_at,
        next_attempt_at) VALUES ('ref_\(name)', 'refund', 'pay_\(payment)', 'mer_1', 'own', 'coin', '5', 'd', 'completed', 1, 1)
        """
    }

    /// What an older program could leave: payments and accounts that name an option of another provider among it.
    private static var rows: [String] {
        let plain = [
            "INSERT INTO merchants (id, name, fee_basis_points, created_at) VALUES ('mer_1', 'm', 0, 1)", invoice,
            option("a", at: "own"), option("b", at: "other"),
            "INSERT INTO payment_references (scope, value, option) VALUES ('s', 'a', 'opt_a')",
            "INSERT INTO payment_references (scope, value, option) VALUES ('s', 'b', 'opt_b')",
            payment("own", option: "a", at: "own", key: "k own"),
            payment("foreign", option: "a", at: "other", key: "k foreign"),
            payment("none", option: nil, at: "own", key: "k none"),
            payment("back1", option: "a", at: "own", key: "k back"),
            payment("back2", option: "a", at: "own", key: "k back again 1"),
            "INSERT INTO observations (key, provider, kind, note, payment, observed_at) VALUES ('k own', 'own', 'incoming', '', 'pay_own', 1)",
            "INSERT INTO observations (key, provider, kind, note, payment, observed_at) VALUES ('k back', 'own', 'incoming', '', 'pay_back1', 1)",
            """
            INSERT INTO sightings (provider, natural_key, option, invoice, asset, amount, confirmations, required, occurred_at)
            VALUES ('own', 'k seen', 'opt_a', 'inv_1', 'coin', '5', 0, 1, 1)
            """,
            """
            INSERT INTO sightings (provider, natural_key, option, invoice, asset, amount, confirmations, required, occurred_at)
            VALUES ('other', 'k seen', 'opt_a', 'inv_1', 'coin', '5', 0, 1, 1)
            """,
            "INSERT INTO holding_accounts (provider, account, option, is_empty) VALUES ('own', 'x', 'opt_a', 0)",
            "INSERT INTO holding_accounts (provider, account, option, is_empty) VALUES ('own', 'y', 'opt_b', 0)",
            """
            INSERT INTO customer_notices (subject, source, payment, due_at) VALUES ('pay_own', 'telegram:shop', 'pay_own', 1)
            """,
            """
            INSERT INTO cases (id, reason, merchant, payment, asset, amount, state, opened_at)
            VALUES ('case_1', 'late', 'mer_1', 'pay_own', 'coin', '5', 'open', 1)
            """,
        ]
        let reserved = entry(1, "refund_reserved", of: "pay_own") + entry(2, "refund_reserved", of: "pay_own")
        return plain + reserved + [refund("1", of: "own"), refund("2", of: "own")]
    }

    @Test("keeps every row, and what names another's place says so by a case", arguments: Engine.allCases)
    func rows(engine: Engine) async throws {
        let place = try make(engine)
        let rows = Self.rows.map { engine == .sqlite ? $0 : $0.replacing("AS BLOB", with: "AS BYTEA") }
        try run(rows, engine, place)
        let database = try engine.open(place)
        func texts(_ sql: String) async throws -> [String] { try await self.texts(sql, in: database) }

        #expect(
            try await texts("SELECT id || ' ' || COALESCE(option, '-') FROM payments ORDER BY id")
                == ["pay_back1 opt_a", "pay_back2 opt_a", "pay_foreign -", "pay_none -", "pay_own opt_a"]
        )
        #expect(try await texts("SELECT account FROM holding_accounts") == ["x"])
        let cases = "SELECT id || ' ' || reason || ' ' || COALESCE(payment, '-') FROM cases ORDER BY id"
        #expect(
            try await texts(cases)
                == ["case_1 late pay_own", "case_b foreign_reference -", "case_foreign foreign_reference pay_foreign"]
        )
        #expect(try await texts("SELECT amount FROM cases ORDER BY id") == ["5", "NULL", "NULL"])
        #expect(try await texts("SELECT evidence FROM cases") == ["NULL", "NULL", "NULL"])
        #expect(
            try await texts("SELECT detail FROM cases WHERE id = 'case_foreign'")
                == ["it named the option opt_a, which was not opened at other: look to whom it was credited"]
        )
        #expect(
            try await texts("SELECT provider || ' ' || value FROM payment_references ORDER BY value") == [
                "own a", "other b",
            ]
        )
        #expect(try await texts("SELECT provider FROM sightings") == ["own"])
        // What came back is the payment that it was, and its observation leads to the one that stands.
        #expect(
            try await texts("SELECT natural_key FROM payments WHERE id LIKE 'pay_back%'") == ["k back", "k back"]
        )
        #expect(try await texts("SELECT payment FROM observations WHERE key = 'k back'") == ["pay_back2"])
        #expect(try await texts("SELECT reservation FROM outgoing ORDER BY id") == ["led_1", "led_2"])
        #expect(try await texts("SELECT payment FROM customer_notices") == ["pay_own"])
        // The database holds the law from now on, and the keys that it held before.
        for statement in [
            "UPDATE payments SET provider = 'other' WHERE id = 'pay_own'",
            "UPDATE payments SET option = 'opt_b' WHERE id = 'pay_none'",
            "UPDATE holding_accounts SET option = 'opt_b'", "DELETE FROM payment_options WHERE id = 'opt_a'",
            "DELETE FROM payments WHERE id = 'pay_own'", "UPDATE outgoing SET payment = 'pay_x' WHERE id = 'ref_1'",
            "UPDATE payments SET invoice = 'inv_x' WHERE id = 'pay_own'",
        ] {
            await #expect(throws: StorageError(.constraint, ""), "\(statement)") {
                try await database.write { try $0.execute(statement, []) }
            }
        }
        try await database.close()
        // Opened once more, nothing is done twice.
        let again = try engine.open(place)
        #expect(try await self.texts("SELECT id FROM payments", in: again).count == 5)
        try await again.close()
    }

    @Test("has the same columns and indexes whether it is new or was brought up to date", arguments: Engine.allCases)
    func shape(engine: Engine) async throws {
        let (old, new) = (try engine.open(try make(engine)), try engine.open())
        let queries =
            switch engine {
            case .sqlite:
                [
                    "SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c ORDER BY 1",
                    "SELECT name || ' ' || COALESCE(sql, '') FROM sqlite_master WHERE type = 'index' ORDER BY 1",
                ]
            case .postgreSQL:
                [
                    """
                    SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'
                    ORDER BY 1
                    """, "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
                ]
            }
        for query in queries {
            let expected = try await texts(query, in: new)
            #expect(try await texts(query, in: old) == expected)
            #expect(expected.count > 50)
        }
        try await old.close()
        try await new.close()
    }

    @Test("has the indexes of payments on both engines")
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
        try await sqlite.close()
        try await postgres.close()
    }
}
