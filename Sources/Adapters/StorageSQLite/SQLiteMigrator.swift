import GRDB
import Storage

/// Brings the schema of an SQLite file up to date.
enum SQLiteMigrator {
    static func run(on database: GRDB.Database, upTo end: Int = Schema.version, migrating: Bool) throws {
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        let migrations = try Schema.migrations(after: version, upTo: end, migrating: migrating)
        guard !migrations.isEmpty else { return }
        // Tables that others refer to are made anew; their rows are checked before each commit instead
        // (sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes").
        try database.execute(sql: "PRAGMA foreign_keys = OFF")
        for migration in migrations {
            try database.inTransaction(.immediate) {
                for statement in migration.statements { try database.execute(sql: words(statement)) }
                for key in migration.foreignKeys { try add(key, to: database) }
                if let row = try Row.fetchOne(database, sql: "PRAGMA foreign_key_check") {
                    throw StorageError(.corrupt, "after migration \(migration.number) a row has no parent: \(row)")
                }
                try database.execute(sql: "PRAGMA user_version = \(migration.number)")
                return .commit
            }
        }
        try database.execute(sql: "PRAGMA foreign_keys = ON")
    }

    /// A statement in SQLite's words.
    private static func words(_ statement: String) -> String {
        statement.replacing("{identity}", with: "INTEGER").replacing("{integer}", with: "INTEGER").replacing(
            "{bytes}",
            with: "BLOB"
        )
        .replacing("{table}", with: "STRICT, WITHOUT ROWID").replacing("{serial}", with: "STRICT")
    }

    /// Makes a table anew, with its rows and its indexes, because SQLite adds no constraint to one that is there.
    private static func add(_ key: Schema.ForeignKey, to database: GRDB.Database) throws {
        let made = "SELECT sql FROM sqlite_master WHERE type = ? AND tbl_name = ? AND sql IS NOT NULL ORDER BY rowid"
        let table = try String.fetchOne(database, sql: made, arguments: ["table", key.table]) ?? ""
        guard let start = table.firstIndex(of: "("), let end = table.lastIndex(of: ")") else {
            throw StorageError(.corrupt, "there is no table \(key.table)")
        }
        let indexes = try String.fetchAll(database, sql: made, arguments: ["index", key.table])
        let new = "\(key.table)_with_key"
        try database.execute(sql: "CREATE TABLE \(new) \(table[start..<end]), \(key.constraint)\(table[end...])")
        try database.execute(sql: "INSERT INTO \(new) SELECT * FROM \(key.table)")
        try database.execute(sql: "DROP TABLE \(key.table)")
        try database.execute(sql: "ALTER TABLE \(new) RENAME TO \(key.table)")
        for index in indexes { try database.execute(sql: index) }
    }
}
