import DatabaseEngines
import Payments
import Records
import Seams
import Storage
import StoragePostgreSQL
import Synchronization
import Testing

@Suite("Failures of PostgreSQL")
struct PostgresFailureTests {
    private func merchant(_ number: UInt128) -> MerchantRecord {
        MerchantRecord(
            id: MerchantID(value: number),
            name: "m",
            feeBasisPoints: 0,
            createdAt: Timestamp(seconds: 1)
        )
    }

    private func folder(of settings: String) -> String {
        String(settings.split(separator: " ")[0].dropFirst("host=".count))
    }

    @Test("a server that does not sync its log is refused")
    func fsync() throws {
        let server = try PostgresServer(settings: ["fsync=off"])
        defer { server.stop() }
        let place = try server.newDatabase()
        let refusal = #expect(throws: StorageError.self) { try PostgresDatabase(settings: place) }
        #expect(refusal?.reason.contains("fsync=off") == true)
    }

    @Test("of several hosts the one that takes writes is used")
    func hosts() async throws {
        let (primary, standby) = (
            try PostgresServer(), try PostgresServer(settings: ["default_transaction_read_only=on"])
        )
        defer { for server in [primary, standby] { server.stop() } }
        let rest = "user=postgres dbname=postgres"
        let hosts = "host=/nowhere,\(standby.folder),\(primary.folder)"
        let database = try PostgresDatabase(settings: "\(hosts) \(rest) target_session_attrs=read-write")
        try await database.write { try $0.insert(merchant(1)) }
        #expect(try await database.read { try $0.merchants().count } == 1)
        try await database.close()
        let direct = try PostgresDatabase(settings: "host=\(primary.folder) \(rest)")
        #expect(try await direct.read { try $0.merchants().count } == 1)
        try await direct.close()
    }

    @Test("gateways that start at the same time migrate the schema once")
    func migrations() async throws {
        let place = try PostgresServer.newDatabase()
        let opened = try await withThrowingTaskGroup(of: PostgresDatabase.self) { group in
            for _ in 0..<8 { group.addTask { try PostgresDatabase(settings: place) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let (steps, repeated) = try await opened[0].read { session in
            (
                try session.query("SELECT version FROM schema_version", []).count,
                try session.query("SELECT version FROM schema_version GROUP BY version HAVING COUNT(*) > 1", []).count
            )
        }
        #expect(steps > 0 && repeated == 0)
        for database in opened { try await database.close() }
    }

    /// Makes the next inserts of merchants fail with a code; their count is not rolled back.
    private func failing(_ code: String, times: Int) async throws -> PostgresDatabase {
        let database = try PostgresDatabase(settings: PostgresServer.newDatabase())
        for statement in [
            "CREATE SEQUENCE tries",
            """
            CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN
            IF nextval('tries') <= \(times) THEN RAISE EXCEPTION 'as if' USING ERRCODE = '\(code)'; END IF;
            RETURN NEW; END $body$
            """, "CREATE TRIGGER failing BEFORE INSERT ON merchants FOR EACH ROW EXECUTE FUNCTION fail()",
        ] {
            _ = try await database.write { try $0.query(statement, []).count }
        }
        return database
    }

    @Test(
        "serialisation failures and deadlocks are run again, and others are not",
        arguments: ["40001", "40P01", "23514"]
    )
    func retries(code: String) async throws {
        let database = try await failing(code, times: 3)
        let runs = Mutex(0)
        func insert() async throws {
            try await database.write { session in
                runs.withLock { $0 += 1 }
                try session.insert(merchant(1))
            }
        }
        if code == "23514" {
            await #expect(throws: StorageError(.constraint, "")) { try await insert() }
            #expect(try await database.read { try $0.merchants().isEmpty })
        } else {
            try await insert()
            #expect(try await database.read { try $0.merchants().count } == 1)
            #expect(runs.withLock { $0 } > 1)
        }
        try await database.close()
    }

    @Test("a commit whose answer is lost is looked up, and not repeated")
    func lostAnswer() async throws {
        let place = try PostgresServer.newDatabase()
        let proxy = try CuttingProxy(server: folder(of: place))
        defer { proxy.stop() }
        let database = try PostgresDatabase(settings: place.replacing(folder(of: place), with: proxy.folder))
        for number in UInt128(1)...5 {
            proxy.cuts.withLock { $0 = 1 }
            let runs = Mutex(0)
            try await database.write { session in
                runs.withLock { $0 += 1 }
                try session.insert(merchant(number))
            }
            #expect(runs.withLock { $0 } == 1)
            #expect(proxy.cuts.withLock { $0 } == 0)
        }
        #expect(try await database.read { try $0.merchants().count } == 5)
        try await database.close()
    }

    @Test("a gateway that stands still in a unit of work is rolled back and blocks the others only briefly")
    func standstill() async throws {
        let place = try PostgresServer.newDatabase()
        let frozen = try PostgresDatabase(settings: place, idleLimit: .milliseconds(200))
        let other = try PostgresDatabase(settings: place)
        let (first, second, third) = (merchant(1), merchant(2), merchant(3))
        let (begun, hasBegun) = AsyncStream.makeStream(of: Void.self)
        let isOver = Mutex(false)
        let stopped = Task {
            try await frozen.write { session in
                try session.insert(first)
                // A statement, so that the server has begun the unit; then the session is idle in its transaction.
                _ = try session.merchants()
                hasBegun.yield()
                while !isOver.withLock({ $0 }) {}
            }
        }
        // A limit, so that a failure does not hang the test.
        defer { isOver.withLock { $0 = true } }
        for await _ in begun { break }
        try await other.write { try $0.insert(second) }
        isOver.withLock { $0 = true }
        await #expect(throws: StorageError.self) { try await stopped.value }
        #expect(try await other.read { try $0.merchants().map(\.id) } == [second.id])
        // It goes on with a session of its own.
        try await frozen.write { try $0.insert(third) }
        for database in [frozen, other] { try await database.close() }
    }

    @Test("a commit that is lost together with the connection is known not to have happened")
    func lostCommit() async throws {
        let database = try PostgresDatabase(settings: PostgresServer.newDatabase())
        for statement in [
            """
            CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN
            PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $body$
            """,
            """
            CREATE CONSTRAINT TRIGGER leaving AFTER INSERT ON merchants DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION leave()
            """,
        ] {
            _ = try await database.write { try $0.query(statement, []).count }
        }
        let failure = await #expect(throws: StorageError.self) {
            try await database.write { try $0.insert(merchant(1)) }
        }
        #expect(failure?.code == .unavailable)
        _ = try await database.write { try $0.query("DROP TRIGGER leaving ON merchants", []).count }
        try await database.write { try $0.insert(merchant(1)) }
        #expect(try await database.read { try $0.merchants().count } == 1)
        try await database.close()
    }
}
