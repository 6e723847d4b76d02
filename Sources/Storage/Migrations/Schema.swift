/// The steps that make the schema: forward only, each run once, in order.
///
/// Tables are written for two engines. `{integer}`, `{bytes}` and `{table}` stand for what differs between them: 64-bit
/// integers, byte strings, and the end of a table whose rows lie in the order of its primary key.
enum Schema {
    /// One step.
    struct Migration: Sendable {
        /// Its number; the database remembers the highest that was run.
        let number: Int
        /// The statements.
        let statements: [String]
    }

    static let migrations: [Migration] = [firstTables]

    /// The version of the schema that this program works with.
    static var version: Int { migrations.last?.number ?? 0 }

    /// A statement in SQLite's words.
    static func sqlite(_ statement: String) -> String {
        statement.replacing("{integer}", with: "INTEGER").replacing("{bytes}", with: "BLOB")
            .replacing("{table}", with: "STRICT, WITHOUT ROWID").replacing("{serial}", with: "STRICT")
    }
}
