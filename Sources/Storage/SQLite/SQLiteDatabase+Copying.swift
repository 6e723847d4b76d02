import GRDB

extension SQLiteDatabase {
    /// Writes what is committed in a database into a new file, beside whichever process works on it.
    ///
    /// - Parameters:
    ///   - path: the database, which is only read.
    ///   - target: the new file; it must not exist.
    /// - Throws: ``StorageError``.
    /// - Returns: the version of the schema.
    package static func copy(_ path: String, to target: String) throws -> Int {
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            let reader = try DatabaseQueue(path: path, configuration: configuration)
            return try reader.writeWithoutTransaction { database in
                try database.execute(sql: "VACUUM INTO ?", arguments: [target])
                return try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            }
        } catch let error as DatabaseError { throw StorageError(error) }
    }
}
