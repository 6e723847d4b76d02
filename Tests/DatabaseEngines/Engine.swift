import Foundation
import Glibc
package import Storage
import StoragePostgreSQL
import StorageSQLite

/// A database engine.
package enum Engine: String, Sendable, CaseIterable {
    case sqlite
    case postgreSQL

    /// The folder of this process's SQLite databases, which is removed with the process.
    private static let folder: String = {
        let path = NSTemporaryDirectory() + "settlegate-sqlite-\(UUID().uuidString.prefix(8))"
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(atPath: Engine.folder) }
        return path
    }()

    /// The path or connection string of a new database.
    package func place() throws -> String {
        switch self {
        case .sqlite: return Self.folder + "/\(UUID().uuidString).sqlite"
        case .postgreSQL: return try PostgresServer.newDatabase()
        }
    }

    /// Opens the database at a path or connection string.
    package func open(_ place: String) throws -> any Database {
        switch self {
        case .sqlite: try SQLiteDatabase(path: place)
        case .postgreSQL: try PostgresDatabase(settings: place)
        }
    }

    /// All rows of a database, each as a text.
    package func content(of database: any Database) async throws -> [String] {
        let tables =
            switch self {
            case .sqlite: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            case .postgreSQL:
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name"
            }
        return try await database.read { session in
            var content: [String] = []
            for row in try session.query(tables, []) {
                guard case .text(let table)? = row.first else { continue }
                let columns =
                    switch self {
                    case .sqlite: "*"
                    case .postgreSQL: "CAST(t AS TEXT)"
                    }
                let rows = try session.query("SELECT \(columns) FROM \(table) t", [])
                content += rows.map { "\(table): \($0)" }.sorted()
            }
            return content
        }
    }

    /// Opens a new database.
    package func open() throws -> any Database { try open(place()) }
}
