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
                try stateThatBooksAreFew(in: database)
                try database.execute(sql: "PRAGMA user_version = \(migration.number)")
                return .commit
            }
            // This connection reads the statistics anew.
            try database.execute(sql: "ANALYZE sqlite_master")
        }
    }

    /// Tells SQLite that the book, the first column of merchants' keys, does not narrow a search: many rows lie in few
    /// books.
    ///
    /// Without it, SQLite would look for a merchant's invoices among all of the book, because a key with the book is at
    /// hand.
    private static func stateThatBooksAreFew(in database: GRDB.Database) throws {
        let known = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM sqlite_master WHERE name = 'sqlite_stat1'")
        // The table of statistics is made by the first analysis, of a database that is empty.
        if known != 1 { try database.execute(sql: "ANALYZE") }
        let keys = try Row.fetchAll(
            database,
            sql: """
                SELECT t.name AS tbl, CASE WHEN x.origin = 'pk' AND s.wr = 1 THEN t.name ELSE x.name END AS idx,
                (SELECT COUNT(*) FROM pragma_index_info(x.name)) AS columns
                FROM sqlite_master t JOIN pragma_table_list s ON s.name = t.name AND s.schema = 'main'
                JOIN pragma_index_list(t.name) x WHERE t.type = 'table'
                AND (SELECT i.name FROM pragma_index_info(x.name) i WHERE i.seqno = 0) = 'book'
                """
        )
        for key in keys {
            let columns: Int = key["columns"]
            let rows = ["1000000", "1000000"] + Array(repeating: "10", count: max(columns - 2, 0)) + ["1"]
            let (table, index): (String, String) = (key["tbl"], key["idx"])
            try database.execute(sql: "DELETE FROM sqlite_stat1 WHERE tbl = ? AND idx = ?", arguments: [table, index])
            try database.execute(
                sql: "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)",
                arguments: [table, index, rows.joined(separator: " ")]
            )
        }
    }
}
