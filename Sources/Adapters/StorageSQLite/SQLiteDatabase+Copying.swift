import GRDB
import Records
package import Storage

extension SQLiteDatabase {
    /// Copies the committed data of a database into a new file, also while another process works on it.
    ///
    /// - Parameters:
    ///   - path: the database, which is only read.
    ///   - target: the new file; it must not exist.
    /// - Throws: ``StorageError``.
    /// - Returns: the version of the schema.
    package static func copy(_ path: String, to target: String) throws -> Int {
        do {
            return try reader(path).writeWithoutTransaction { database in
                try database.execute(sql: "VACUUM INTO ?", arguments: [target])
                return try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            }
        } catch let error as DatabaseError { throw StorageError(error) }
    }

    /// Runs queries on committed data, also while another process has the database.
    ///
    /// - Throws: ``StorageError``, also when the schema is not this program's.
    package static func look<Value>(at path: String, _ body: (any SQLSession) throws -> Value) throws -> Value {
        do {
            return try reader(path).read { database in
                let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
                guard version == Schema.version else {
                    throw StorageError(.unavailable, "the schema is \(version); run 'settlegate migrate' first")
                }
                return try body(SQLiteSession(database))
            }
        } catch let error as DatabaseError { throw StorageError(error) }
    }

    private static func reader(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        return try DatabaseQueue(path: path, configuration: configuration)
    }
}
