import GRDB
import Storage

/// Brings the schema of an SQLite file up to date.
enum SQLiteMigrator {
    static func run(
        on database: GRDB.Database,
        _ known: [Schema.Migration] = Schema.migrations,
        migrating: Bool,
        books: Int = SQLiteDatabase.usualBooks
    ) throws {
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        for migration in try Schema.migrations(after: version, of: known, migrating: migrating) {
            try database.inTransaction(.immediate) {
                for statement in migration.statements {
                    try database.execute(sql: SchemaWords.sqlite.statement(statement))
                }
                if version == 0, migration.number == known.first?.number {
                    try SQLiteSession(database).makeBooks(books)
                }
                try database.execute(sql: "PRAGMA user_version = \(migration.number)")
                return .commit
            }
        }
    }
}
