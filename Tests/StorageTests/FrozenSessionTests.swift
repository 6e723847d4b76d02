import DatabaseEngines
import Payments
import Records
import Seams
import Storage
import Testing

@testable import StoragePostgreSQL

/// A process that stands still has many sessions, of which each may wait for a lock.
@Suite("The sessions of a process that stands still")
struct FrozenSessionTests {
    @Test("that wait for a lock do not get it one after the other, each to keep it")
    func waiting() async throws {
        let place = try PostgresServer.newDatabase()
        let working = try PostgresDatabase(settings: place)
        let frozen = (0..<4).map { _ in PostgresConnection(settings: place, idleLimit: .seconds(2)) }
        let lock = "SELECT pg_advisory_xact_lock(7)"
        try frozen[0].enqueue("BEGIN")
        try frozen[0].run(lock)
        for waiting in frozen.dropFirst() {
            // Each waits at the server, and its answer is not read.
            try waiting.run("BEGIN")
            try waiting.enqueue(lock)
            waiting.flush()
        }
        try await working.write { session in
            _ = try session.query(lock, [])
            try session.insert(
                MerchantRecord(
                    id: MerchantID(value: 1),
                    name: "m",
                    feeBasisPoints: 0,
                    createdAt: Timestamp(seconds: 1)
                )
            )
        }
        for waiting in frozen.dropFirst() { #expect(throws: StorageError(.conflict, "")) { try waiting.drain() } }
        for session in frozen { session.disconnect() }
        try await working.close()
    }
}
