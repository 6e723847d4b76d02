import Records
package import Seams

/// Where everything is kept: an engine that runs this module's SQL.
package protocol Database: Sendable {
    /// Runs queries on what is committed.
    ///
    /// - Throws: what `body` throws, and ``StorageError``.
    /// - Returns: what `body` returns.
    func read<Value: Sendable>(_ body: @escaping @Sendable (any SQLSession) throws -> Value) async throws -> Value

    /// Runs queries that find a few rows by their keys, on what is committed.
    ///
    /// They may run at once, on the caller's own thread: what takes longer belongs into ``read(_:)``.
    ///
    /// - Throws: what `body` throws, and ``StorageError``.
    /// - Returns: what `body` returns.
    func lookUp<Value: Sendable>(_ body: @escaping @Sendable (any SQLSession) throws -> Value) async throws -> Value

    /// Runs a unit of work: all of it is committed durably before this returns, or none of it is when it throws.
    ///
    /// Concurrent units may share one commit; each runs alone in its scope, one after the other, and gets its own answer.
    /// `body` does nothing but query: it may run again after a conflict, or with a wider scope when it changes more than it
    /// said, and nothing external happens inside it.
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

    /// How often something was committed; none while that happens, and where others may commit as well.
    ///
    /// As long as it stays the same, so does everything that is stored.
    var commitCount: Int? { get }

    /// What makes a commit outlive a loss of power, read from the connection that writes, in one line.
    ///
    /// - Throws: ``StorageError``; with ``StorageError/Code/notDurable`` when a commit may be forgotten.
    func durability() async throws -> String

    /// The time by the clock of the machine that keeps the database; nil when that is ours.
    ///
    /// - Throws: what the database throws.
    func statedTime() async throws -> Timestamp?

    /// Whether other processes may work on the same database.
    var isShared: Bool { get }

    /// Comes when somebody has stored work that others may do: a hint, which may be lost. For one reader.
    var news: AsyncStream<Void> { get }

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

    /// Where a reading needs a way to a server, the caller's thread does not wait for it.
    package func lookUp<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await read(body)
    }

    /// Where others may commit, nobody knows how often.
    package var commitCount: Int? { nil }

    /// It has no clock of its own.
    package func statedTime() async throws -> Timestamp? { nil }

    /// Where no other process works, there is nothing to hear.
    package var news: AsyncStream<Void> { AsyncStream { $0.finish() } }
}

/// A connection within one unit of work.
///
/// All queries of this module are extensions of it.
package protocol SQLSession: AnyObject {
    /// What the units of work that share a commit know.
    var group: GroupState { get }

    /// Runs a statement with the arguments `$1`, `$2`, …, now or before the next one whose answer is needed: it has run
    /// when the unit of work is committed, and when it fails, the unit fails.
    ///
    /// - Throws: ``StorageError``.
    func execute(_ sql: String, _ arguments: [SQLValue]) throws

    /// Runs a statement that changes one row, as ``execute(_:_:)`` does; when it changes none, or several, the unit fails.
    ///
    /// - Throws: ``StorageError``; with ``StorageError/Code/conflict`` when the row is no longer what it was.
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

    /// Waits until everything has run that ``execute(_:_:)`` was given.
    ///
    /// - Throws: ``StorageError``; what went wrong first.
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

/// A statement, and what stands in it for `$1`, `$2` and so on.
package struct SQLStatement: Sendable {
    package let sql: String
    package let arguments: [SQLValue]

    init(_ sql: String, _ arguments: [SQLValue]) {
        self.sql = sql
        self.arguments = arguments
    }
}

extension SQLSession {
    /// Where an answer needs no way to a server, one comes after the other.
    package func change(
        _ statement: SQLStatement,
        thenQuery query: SQLStatement
    ) throws -> (changed: Int, rows: [SQLRow]) {
        let changed = try change(statement.sql, statement.arguments)
        return (changed, try self.query(query.sql, query.arguments))
    }

    /// Where an answer needs no way to a server, one comes after the other.
    package func queryAll(_ queries: [SQLStatement]) throws -> [[SQLRow]] {
        try queries.map { try query($0.sql, $0.arguments) }
    }

    /// Where a statement runs at once, nothing has to be waited for.
    package func settle() throws {}

    /// Runs `body` so that all that it does, and nothing else, is undone when it fails; the unit of work goes on.
    ///
    /// - Throws: when it cannot be undone, because the database does not answer: the whole unit fails.
    /// - Returns: what `body` returns, or the error by which it or one of its statements failed.
    package func separately<Value>(_ body: () throws -> Value) throws -> Result<Value, any Error> {
        let before = group.copy()
        try execute("SAVEPOINT item", [])
        do {
            let value = try body()
            // What is left for the end of the group fails here, where it is known whose it is.
            try finishGroup()
            try execute("RELEASE SAVEPOINT item", [])
            try settle()
            return .success(value)
        } catch {
            // What was sent and nobody has waited for is undone with it, whatever became of it.
            try? settle()
            try execute("ROLLBACK TO SAVEPOINT item", [])
            try execute("RELEASE SAVEPOINT item", [])
            try settle()
            group.restore(before)
            return .failure(error)
        }
    }

    /// Where a statement runs at once, so is seen what it changed.
    package func executeOne(_ sql: String, _ arguments: [SQLValue]) throws {
        guard try change(sql, arguments) == 1 else { throw StorageError.changedMeanwhile }
    }

    /// The first row of a query, read by `decode`; none when there is no row.
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
