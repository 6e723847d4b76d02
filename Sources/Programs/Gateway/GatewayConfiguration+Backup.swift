import Foundation
import Glibc
package import Seams
import Storage
import StoragePostgreSQL
import StorageSQLite

/// Copies of the database: taken while the gateway runs, and restored where there is no database.
extension GatewayConfiguration.Database {
    /// Copies the committed state into a file; gateways may work on the database meanwhile.
    ///
    /// SQLite copies itself (`VACUUM INTO`) on a connection that only reads; of PostgreSQL `pg_dump` takes one
    /// snapshot.
    ///
    /// - Throws: ``ConfigurationError`` and `StorageError`; then there is no file.
    /// - Returns: the copy's description.
    package func backUp(to file: String, at now: Timestamp) throws -> BackupFile {
        let folder = try Self.scratch(beside: file)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let copy = folder + "/copy"
        let backup: BackupFile
        switch (path, postgresql) {
        case (let path?, nil):
            guard FileManager.default.fileExists(atPath: path) else {
                throw ConfigurationError("there is no database at \(path)")
            }
            let schema = try SQLiteDatabase.copy(path, to: copy)
            backup = BackupFile(engine: "sqlite", schema: schema, takenAt: now)
        case (nil, let settings?):
            let schema = try PostgresDatabase.schemaVersion(settings)
            guard schema > 0 else { throw ConfigurationError("there is no database of settlegate at the server") }
            let arguments = ["--no-owner", "--no-privileges", "--file", copy, "--dbname", settings]
            try Self.run("pg_dump", arguments, input: nil)
            backup = BackupFile(engine: "postgresql", schema: schema, takenAt: now)
        default: throw ConfigurationError("'database' has either a 'path' or 'postgresql'")
        }
        let whole = folder + "/whole"
        try backup.write(copy, to: whole)
        // link(2) fails when the file exists, so that no older copy is lost.
        guard unsafe link(whole, file) == 0 else {
            throw ConfigurationError(
                "\(file) cannot be made: \(errno == EEXIST ? "it is there already" : "errno \(errno)")"
            )
        }
        return backup
    }

    /// Restores a copy where there is no database yet; every wallet is held until a person has looked.
    ///
    /// - Throws: ``ConfigurationError`` and `StorageError`; then there is no database.
    /// - Returns: the copy's description.
    package func restore(from file: String, at now: Timestamp) async throws -> BackupFile {
        let folder = try Self.scratch(beside: path ?? file)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let copy = folder + "/copy"
        let backup = try BackupFile.read(file, into: copy)
        switch (path, postgresql) {
        case (let path?, nil):
            try Self.require(backup, "sqlite")
            guard !FileManager.default.fileExists(atPath: path) else {
                throw ConfigurationError("there is a database at \(path) already; move it away first")
            }
            let database = try SQLiteDatabase(path: copy)
            try await database.write { try $0.recordRestore(takenAt: backup.takenAt, at: now) }
            try await database.close()
            guard unsafe link(copy, path) == 0 else {
                throw ConfigurationError("\(path) cannot be made: errno \(errno)")
            }
        case (nil, let settings?):
            try Self.require(backup, "postgresql")
            guard try PostgresDatabase.schemaVersion(settings) == 0 else {
                throw ConfigurationError("the server's database is not empty; make another one first")
            }
            let statements = PostgresDatabase.restoreStatements(takenAt: backup.takenAt, at: now)
            let script = FileHandle(forUpdatingAtPath: copy)
            try script?.seekToEnd()
            try script?.write(contentsOf: Data(("\n" + statements).utf8))
            try script?.close()
            let arguments = ["--quiet", "--no-psqlrc", "--single-transaction", "-v", "ON_ERROR_STOP=1", "-d", settings]
            try Self.run("psql", arguments, input: copy)
            try await open().close()
        default: throw ConfigurationError("'database' has either a 'path' or 'postgresql'")
        }
        return backup
    }

    private static func require(_ backup: BackupFile, _ engine: String) throws {
        guard backup.engine == engine else {
            throw ConfigurationError("the backup is of \(backup.engine), and the configured database is \(engine)")
        }
    }

    /// A private folder on the same file system, for a copy that is not complete yet.
    private static func scratch(beside file: String) throws -> String {
        let parent = (file as NSString).deletingLastPathComponent
        let template = (parent.isEmpty ? "." : parent) + "/.settlegate-backup-XXXXXX"
        var bytes = Array(template.utf8CString)
        guard let made = unsafe mkdtemp(&bytes) else {
            throw ConfigurationError("no folder can be made beside \(file): errno \(errno)")
        }
        return unsafe String(cString: made)
    }

    /// Runs one of PostgreSQL's tools; a password comes from `PGPASSFILE` or `PGPASSWORD`, never from arguments.
    private static func run(_ tool: String, _ arguments: [String], input: String?) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [tool] + arguments
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        process.standardInput =
            try input.map { try FileHandle(forReadingFrom: URL(fileURLWithPath: $0)) }
            ?? FileHandle.nullDevice
        try process.run()
        let said = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let text = String(decoding: said.prefix(500), as: UTF8.self)
            throw ConfigurationError("\(tool) failed: \(text.isEmpty ? "is it installed?" : text)")
        }
    }
}
