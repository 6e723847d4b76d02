import GRDB
import GRDBSQLite
import Money
import Records
import Storage

/// A connection to SQLite for the units of work that share a commit; its statements are prepared once and kept.
///
/// Values are bound and read by SQLite's own functions: a library's general conversions took a third of the time of a
/// credit.
final class SQLiteSession: SQLSession {
    let group = CommitGroupCache()
    private let database: GRDB.Database
    private var statements: [String: Statement] = [:]

    init(_ database: GRDB.Database) {
        self.database = database
    }

    func execute(_ sql: String, _ arguments: [SQLValue]) throws { _ = try change(sql, arguments) }

    func change(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
        let statement = try unsafe bound(sql, arguments)
        defer { unsafe sqlite3_reset(statement) }
        var result = unsafe sqlite3_step(statement)
        while result == SQLITE_ROW { result = unsafe sqlite3_step(statement) }
        guard result == SQLITE_DONE else { throw failure(result, sql) }
        return unsafe Int(sqlite3_changes(sqlite3_db_handle(statement)))
    }

    func query(_ sql: String, _ arguments: [SQLValue]) throws -> [SQLRow] {
        let statement = try unsafe bound(sql, arguments)
        defer { unsafe sqlite3_reset(statement) }
        let columns = unsafe sqlite3_column_count(statement)
        var rows: [SQLRow] = []
        while true {
            let result = unsafe sqlite3_step(statement)
            guard result == SQLITE_ROW else {
                guard result == SQLITE_DONE else { throw failure(result, sql) }
                return rows
            }
            var values: [SQLValue] = []
            values.reserveCapacity(Int(columns))
            for column in 0..<columns { unsafe values.append(SQLValue(statement, column)) }
            rows.append(SQLRow(values))
        }
    }

    private func bound(_ sql: String, _ arguments: [SQLValue]) throws -> OpaquePointer {
        let statement = try unsafe statement(sql)
        for (index, argument) in arguments.enumerated() {
            // Both engines refuse the same texts.
            if case .text(let text) = argument, let refusal = StorageError.unstorable(text) { throw refusal }
            let result = unsafe argument.bind(to: statement, at: Int32(index + 1))
            guard result == SQLITE_OK else { throw failure(result, sql) }
        }
        return unsafe statement
    }

    /// GRDB keeps the statement for the connection, and this session holds it.
    private func statement(_ sql: String) throws -> OpaquePointer {
        if let known = statements[sql] { return unsafe known.sqliteStatement }
        let statement: Statement
        do {
            statement = try database.cachedStatement(sql: SQLiteText.shared.text(of: sql))
        } catch let error as DatabaseError { throw StorageError(error) }
        statements[sql] = statement
        return unsafe statement.sqliteStatement
    }

    private func failure(_ result: Int32, _ sql: String) -> StorageError {
        let message = unsafe database.sqliteConnection.flatMap { unsafe sqlite3_errmsg($0) }.map {
            unsafe String(cString: $0)
        }
        return StorageError(DatabaseError(resultCode: ResultCode(rawValue: result), message: message, sql: sql))
    }
}

extension SQLValue {
    /// Has SQLite copy the value before the call returns.
    private static let copied = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    fileprivate func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        switch self {
        case .null: return unsafe sqlite3_bind_null(statement, index)
        case .integer(let value): return unsafe sqlite3_bind_int64(statement, index, value)
        case .text(var text):
            return text.withUTF8 { utf8 in
                unsafe utf8.withMemoryRebound(to: CChar.self) { characters in
                    // An empty text has no address, and SQLite would read that as NULL.
                    guard let start = characters.baseAddress else {
                        return unsafe sqlite3_bind_text(statement, index, "", 0, nil)
                    }
                    return unsafe sqlite3_bind_text(statement, index, start, Int32(characters.count), Self.copied)
                }
            }
        case .blob(let bytes):
            guard !bytes.isEmpty else { return unsafe sqlite3_bind_zeroblob(statement, index, 0) }
            return unsafe sqlite3_bind_blob(statement, index, bytes, Int32(bytes.count), Self.copied)
        case .units(let units):
            let bytes = units.orderedBytes
            return unsafe sqlite3_bind_blob(statement, index, bytes, Int32(bytes.count), Self.copied)
        }
    }

    fileprivate init(_ statement: OpaquePointer, _ column: Int32) {
        switch unsafe sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: self = unsafe .integer(sqlite3_column_int64(statement, column))
        case SQLITE_TEXT:
            guard let start = unsafe sqlite3_column_text(statement, column) else { self = .text(""); return }
            let count = unsafe Int(sqlite3_column_bytes(statement, column))
            self = unsafe .text(String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self))
        case SQLITE_BLOB:
            let start = unsafe sqlite3_column_blob(statement, column)
            let count = unsafe Int(sqlite3_column_bytes(statement, column))
            self = unsafe .blob(Array(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)))
        // No column of the schema holds a floating-point number: STRICT tables refuse it.
        default: self = .null
        }
    }
}
