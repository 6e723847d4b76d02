import DatabaseEngines
import Foundation
import Storage
import Testing

@Suite("The database on SQLite")
struct SQLiteDatabaseTests {
    private let path: String

    init() throws {
        path = try Engine.sqlite.place()
    }

    @Test("is refused to a second opener, and free again after it was closed")
    func locked() async throws {
        let first = try SQLiteDatabase(path: path)
        #expect(throws: StorageError(.locked, "")) { try SQLiteDatabase(path: path) }
        try await first.close()
        let second = try SQLiteDatabase(path: path)
        try await second.close()
        await #expect(throws: StorageError(.unavailable, "")) { try await second.write { _ in } }
    }

    @Test("F23: of a newer version is refused")
    func newerSchema() async throws {
        let database = try SQLiteDatabase(path: path)
        _ = try await database.write { try $0.execute("PRAGMA user_version = 99", []) }
        try await database.close()
        #expect(throws: StorageError(.newerSchema, "")) { try SQLiteDatabase(path: path) }
    }
}
