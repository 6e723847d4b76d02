import Records
package import Seams

/// A database engine that runs this module's SQL.
package protocol Database: Sendable {
    /// Runs queries on committed data.
    ///
    /// - Throws: what `body` throws, and ``StorageError``.
    /// - Returns: what `body` returns.
    func read<Value: Sendable>(_ body: @escaping @Sendable (any SQLSession) throws -> Value) async throws -> Value

    /// Runs queries that find a few rows by their keys, on committed data.
    ///
    /// They may run at once, on the caller's own thread: longer queries belong in ``read(_:)``.
    ///
    /// - Throws: what `body` throws, and ``StorageError``.
    /// - Returns: what `body` returns.
    func lookUp<Value: Sendable>(_ body: @escaping @Sendable (any SQLSession) throws -> Value) async throws -> Value

    /// Runs a unit of work: all of it is committed durably before this returns, or none of it is when it throws.
    ///
    /// Concurrent units may share one commit; each runs alone in its scope, one after the other, and gets its own
    /// answer. `body` only runs queries: it may run again after a conflict, or with a wider scope when it changes more
    /// than `scope` covers. Nothing external happens inside it.
    ///
    /// - Parameters:
    ///   - scope: what the unit changes.
    ///   - body: the unit.
    /// - Throws: what `body` throws, and ``StorageError``; with ``StorageError/Code/outcomeUnknown`` when the commit
    ///   itself failed, so that the caller has to read back what became of it.
    /// - Returns: what `body` returns.
    func write<Value: Sendable>(
        in scope: WriteScope,
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value

    /// The number of commits; nil while a commit is under way, and where other processes may commit.
    ///
    /// As long as it stays the same, so does all stored data.
    var commitCount: Int? { get }

    /// The settings that make a commit outlive a loss of power, read from the connection that writes, in one line.
    ///
    /// - Throws: ``StorageError``; with ``StorageError/Code/notDurable`` when a commit may be lost.
    func durability() async throws -> String

    /// The time by the clock of the machine that keeps the database; nil when that is ours.
    ///
    /// - Throws: what the database throws.
    func statedTime() async throws -> Timestamp?

    /// Whether other processes may work on the same database.
    var isShared: Bool { get }

    /// Whether the database has lost commits that this process remembers, so that it has to be started anew.
    var isReplaced: Bool { get }

    /// Yields when work of a kind was stored: a hint, which may be lost. For one reader of each kind.
    func calls(for work: StoredWork) -> AsyncStream<Void>

    /// Ends all work and releases the database.
    ///
    /// - Throws: ``StorageError``.
    func close() async throws
}

extension Database {
    /// Runs a unit of work that may change everything.
    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await write(in: .everything, body)
    }

    /// By default the same as ``read(_:)``: the caller's thread does not wait for a server.
    package func lookUp<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await read(body)
    }
}

/// A connection within one unit of work.
///
/// All queries of this module are extensions of it.
package protocol SQLSession: AnyObject {
    /// The state of the units of work that share a commit.
    var group: CommitGroupCache { get }

    /// Runs a statement with the arguments `$1`, `$2`, …, at the latest before the next one whose answer is needed.
    ///
    /// It has run when the unit of work is committed; when it fails, the unit fails.
    ///
    /// - Throws: ``StorageError``.
    func execute(_ sql: String, _ arguments: [SQLValue]) throws

    /// Runs a statement that changes one row, as ``execute(_:_:)`` does; when it changes none, or several, the unit fails.
    ///
    /// - Throws: ``StorageError``; with ``StorageError/Code/conflict`` when the row has changed meanwhile.
    func executeOne(_ sql: String, _ arguments: [SQLValue]) throws

    /// Runs a statement with the arguments `$1`, `$2`, …
    ///
    /// - Throws: ``StorageError``.
    /// - Returns: how many rows it changed.
    func change(_ sql: String, _ arguments: [SQLValue]) throws -> Int

    /// Runs a query with the arguments `$1`, `$2`, …
    ///
    /// - Throws: ``StorageError``.
    /// - Returns: the rows.
    func query(_ sql: String, _ arguments: [SQLValue]) throws -> [SQLRow]

    /// Waits until every statement of ``execute(_:_:)`` has run.
    ///
    /// - Throws: ``StorageError``; the first failure.
    func settle() throws

    /// Runs queries, with one wait for the answers of all.
    ///
    /// - Throws: ``StorageError``.
    /// - Returns: the rows of each.
    func queryAll(_ queries: [SQLStatement]) throws -> [[SQLRow]]

    /// Runs a statement and then a query, with one wait for the answers of both.
    ///
    /// - Throws: ``StorageError``.
    /// - Returns: how many rows the statement changed, and the rows of the query.
    func change(_ statement: SQLStatement, thenQuery query: SQLStatement) throws -> (changed: Int, rows: [SQLRow])
}

/// A statement with its arguments `$1`, `$2` and so on.
package struct SQLStatement: Sendable {
    package let sql: String
    package let arguments: [SQLValue]

    init(_ sql: String, _ arguments: [SQLValue]) {
        self.sql = sql
        self.arguments = arguments
    }
}

extension SQLSession {
    /// By default one after the other: no answer needs a way to a server.
    package func change(
        _ statement: SQLStatement,
        thenQuery query: SQLStatement
    ) throws -> (changed: Int, rows: [SQLRow]) {
        let changed = try change(statement.sql, statement.arguments)
        return (changed, try self.query(query.sql, query.arguments))
    }

    /// By default one after the other: no answer needs a way to a server.
    package func queryAll(_ queries: [SQLStatement]) throws -> [[SQLRow]] {
        try queries.map { try query($0.sql, $0.arguments) }
    }

    /// By default nothing has to be waited for: a statement runs at once.
    package func settle() throws {}

    /// Runs `body` in a savepoint: when it fails, only its own changes are undone, and the unit of work goes on.
    ///
    /// - Throws: when it cannot be undone, because the database does not answer: the whole unit fails.
    /// - Returns: what `body` returns, or the error by which it or one of its statements failed.
    package func inSavepoint<Value>(_ body: () throws -> Value) throws -> Result<Value, any Error> {
        let before = group.copy()
        try execute("SAVEPOINT item", [])
        do {
            let value = try body()
            // Work that was left for the end of the group is done here, so that its failure is that of `body`.
            try finishGroup()
            try execute("RELEASE SAVEPOINT item", [])
            try settle()
            return .success(value)
        } catch {
            // Statements that were sent and not waited for are undone as well, whatever their results.
            try? settle()
            try execute("ROLLBACK TO SAVEPOINT item", [])
            try execute("RELEASE SAVEPOINT item", [])
            try settle()
            group.restore(before)
            return .failure(error)
        }
    }

    /// By default the number of changed rows is known at once.
    package func executeOne(_ sql: String, _ arguments: [SQLValue]) throws {
        guard try change(sql, arguments) == 1 else { throw StorageError.changedMeanwhile }
    }

    /// The first row of a query, read by `decode`; nil when there is no row.
    package func first<Value>(
        _ sql: String,
        _ arguments: [SQLValue],
        _ decode: (inout SQLRow) throws -> Value
    ) throws -> Value? {
        guard var row = try query(sql, arguments).first else { return nil }
        return try decode(&row)
    }

    /// All rows of a query, read by `decode`.
    package func all<Value>(
        _ sql: String,
        _ arguments: [SQLValue],
        _ decode: (inout SQLRow) throws -> Value
    ) throws -> [Value] {
        try query(sql, arguments).decoded(decode)
    }
}

extension [SQLRow] {
    /// The rows, each read by `decode`.
    func decoded<Value>(_ decode: (inout SQLRow) throws -> Value) rethrows -> [Value] {
        try map { row in
            var row = row
            return try decode(&row)
        }
    }
}
