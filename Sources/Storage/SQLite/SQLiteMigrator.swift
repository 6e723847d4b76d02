import GRDB

/// Brings the schema of an SQLite file up to date.
enum SQLiteMigrator {
    static func run(on database: GRDB.Database, migrating: Bool) throws {
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard version <= Schema.version else {
            throw StorageError(
                .newerSchema,
                "the database has schema \(version), this program knows \(Schema.version); start the newer version"
            )
        }
        guard migrating || version == Schema.version else {
            throw StorageError(.unavailable, "the schema is \(version); run 'settlegate migrate' first")
        }
        for migration in Schema.migrations where migration.number > version {
            try database.inTransaction(.immediate) {
                for statement in migration.statements { try database.execute(sql: Schema.sqlite(statement)) }
                try database.execute(sql: "PRAGMA user_version = \(migration.number)")
                return .commit
            }
        }
    }
}
