import Foundation
import Glibc
package import Storage

/// An engine that keeps what the database keeps.
package enum Engine: String, Sendable, CaseIterable {
    case sqlite
    case postgreSQL

    /// Where this process keeps databases of SQLite; it is gone with the process.
    private static let folder: String = {
        let path = NSTemporaryDirectory() + "settlegate-sqlite-\(UUID().uuidString.prefix(8))"
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(atPath: Engine.folder) }
        return path
    }()

    /// Where a new database of the engine is.
    package func place() throws -> String {
        switch self {
        case .sqlite: return Self.folder + "/\(UUID().uuidString).sqlite"
        case .postgreSQL: return try PostgresServer.newDatabase()
        }
    }

    /// Opens the database at a place.
    package func open(_ place: String) throws -> any Database {
        switch self {
        case .sqlite: try SQLiteDatabase(path: place)
        case .postgreSQL: try PostgresDatabase(settings: place)
        }
    }

    /// Opens a new database.
    package func open() throws -> any Database { try open(place()) }
}
