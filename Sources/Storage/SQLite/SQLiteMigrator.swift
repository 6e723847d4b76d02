import GRDB

/// Brings the schema of an SQLite file up to date.
enum SQLiteMigrator {
    static func run(on database: GRDB.Database, migrating: Bool) throws {
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        for migration in try Schema.migrations(after: version, migrating: migrating) {
            try database.inTransaction(.immediate) {
                for statement in migration.statements { try database.execute(sql: Schema.sqlite(statement)) }
                try database.execute(sql: "PRAGMA user_version = \(migration.number)")
                return .commit
            }
        }
    }
}
