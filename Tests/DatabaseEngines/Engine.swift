import Foundation
package import Storage

/// An engine that keeps what the database keeps.
package enum Engine: String, Sendable, CaseIterable {
    case sqlite
    case postgreSQL

    /// Where a new database of the engine is.
    package func place() throws -> String {
        switch self {
        case .sqlite:
            let folder = FileManager.default.temporaryDirectory.path + "/storage-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            return folder + "/test.sqlite"
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
