import DatabaseEngines
import Payments
import Records
import Seams
import Storage
import StoragePostgreSQL
import Testing

@Suite("A PostgreSQL database whose history changes under a running process")
struct PostgresLineageTests {
    private func merchant(_ number: UInt128) -> MerchantRecord {
        MerchantRecord(
            id: MerchantID(value: number),
            name: "m",
            feeBasisPoints: 0,
            createdAt: Timestamp(seconds: 1)
        )
    }

    /// Begins with a database, loses it, and finds another history: nothing is read or written from then on.
    private func expectEnd(of database: PostgresDatabase) async throws {
        for _ in 0..<3 {
            let refusal = await #expect(throws: StorageError.self) {
                try await database.write { try $0.insert(merchant(99)) }
            }
            #expect(refusal?.code == .replaced)
            await #expect(throws: StorageError(.replaced, "")) { try await database.read { try $0.merchants().count } }
        }
        #expect(database.isReplaced)
        try await database.close()
    }

    @Test("a replica that was promoted is not used with what was remembered of the lost server")
    func failover() async throws {
        let primary = try PostgresServer()
        defer { primary.stop() }
        let replica = try PostgresServer(replicaOf: primary)
        defer { replica.stop() }
        let hosts = "host=\(primary.folder),\(replica.folder) user=postgres dbname=postgres"
        let database = try PostgresDatabase(settings: "\(hosts) target_session_attrs=read-write")
        try await database.write { try $0.insert(merchant(1)) }
        #expect(try await database.read { try $0.merchants().count } == 1)
        primary.stop()
        try replica.promote()
        try await expectEnd(of: database)
        let next = try PostgresDatabase(settings: "\(hosts) target_session_attrs=read-write")
        try await next.write { try $0.insert(merchant(2)) }
        #expect(!next.isReplaced)
        try await next.close()
    }

    @Test("a database that was dropped and made anew under its name is another one")
    func recreated() async throws {
        let server = try PostgresServer()
        defer { server.stop() }
        let place = try server.newDatabase()
        let database = try PostgresDatabase(settings: place)
        try await database.write { try $0.insert(merchant(1)) }
        try server.recreate(place)
        let other = try PostgresDatabase(settings: place)
        try await expectEnd(of: database)
        #expect(try await other.read { try $0.merchants().isEmpty })
        try await other.close()
    }

    @Test("a server that was restarted goes on with the same history")
    func restarted() async throws {
        let server = try PostgresServer()
        defer { server.stop() }
        let database = try PostgresDatabase(settings: "host=\(server.folder) user=postgres dbname=postgres")
        try await database.write { try $0.insert(merchant(1)) }
        try server.restart()
        try await database.write { try $0.insert(merchant(2)) }
        #expect(try await database.read { try $0.merchants().count } == 2)
        #expect(!database.isReplaced)
        try await database.close()
    }
}
