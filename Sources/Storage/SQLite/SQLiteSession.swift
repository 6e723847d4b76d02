import Foundation
import GRDB

/// A connection to SQLite within one unit of work; its statements are prepared once and kept.
final class SQLiteSession: SQLSession {
    private let database: GRDB.Database

    init(_ database: GRDB.Database) {
        self.database = database
    }

    func execute(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
        let statement = try statement(sql, arguments)
        try statement.execute()
        return database.changesCount
    }

    func query(_ sql: String, _ arguments: [SQLValue]) throws -> [SQLRow] {
        let cursor = try Row.fetchCursor(statement(sql, arguments))
        var rows: [SQLRow] = []
        while let row = try cursor.next() {
            var values: [SQLValue] = []
            values.reserveCapacity(row.count)
            for column in 0..<row.count { values.append(SQLValue(row, column)) }
            rows.append(SQLRow(values))
        }
        return rows
    }

    private func statement(_ sql: String, _ arguments: [SQLValue]) throws -> Statement {
        let statement = try database.cachedStatement(sql: SQLiteText.shared.text(of: sql))
        statement.setUncheckedArguments(StatementArguments(arguments.map(\.databaseValue)))
        return statement
    }
}

extension SQLValue {
    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let value): value.databaseValue
        case .text(let text): text.databaseValue
        case .blob(let bytes): Data(bytes).databaseValue
        }
    }

    fileprivate init(_ row: Row, _ column: Int) {
        let value: DatabaseValue = row[column]
        switch value.storage {
        case .null: self = .null
        case .int64(let value): self = .integer(value)
        case .string(let text): self = .text(text)
        case .blob(let data): self = .blob(Array(data))
        // No column of the schema holds one: STRICT tables refuse it.
        case .double: self = .null
        }
    }
}
