import Records
import Seams
import Storage
import Synchronization

/// A database whose statements fail where a test wants it, as when the engine is away or refuses a value.
final class FailingDatabase: Database {
    private let inner: any Database
    private let state = Mutex((count: 0, failing: Int.max, error: StorageError(.unavailable, "the disk is full")))

    init(_ inner: any Database) { self.inner = inner }

    /// Makes the statement with a number, counted from now, and all later ones fail.
    func fail(at number: Int, with code: StorageError.Code) {
        state.withLock { $0 = (0, number, StorageError(code, "on purpose")) }
    }

    /// How many statements have run since ``fail(at:with:)``.
    var count: Int { state.withLock { $0.count } }

    fileprivate func pass() throws {
        try state.withLock { state in
            state.count += 1
            if state.count > state.failing { throw state.error }
        }
    }

    func read<Value: Sendable>(_ body: @escaping @Sendable (any SQLSession) throws -> Value) async throws -> Value {
        try await inner.read(body)
    }

    func write<Value: Sendable>(
        in scope: WriteScope,
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await inner.write(in: scope) { session in try body(FailingSession(session, self)) }
    }

    func durability() async throws -> String { try await inner.durability() }

    var isShared: Bool { inner.isShared }
    var isReplaced: Bool { inner.isReplaced }
    var commitCount: Int? { inner.commitCount }
    func calls(for work: StoredWork) -> AsyncStream<Void> { inner.calls(for: work) }
    func statedTime() async throws -> Timestamp? { try await inner.statedTime() }
    func close() async throws { try await inner.close() }
}

private final class FailingSession: SQLSession {
    private let inner: any SQLSession
    private let database: FailingDatabase

    init(_ inner: any SQLSession, _ database: FailingDatabase) {
        self.inner = inner
        self.database = database
    }

    var group: CommitGroupCache { inner.group }

    func execute(_ sql: String, _ arguments: [SQLValue]) throws {
        try database.pass()
        try inner.execute(sql, arguments)
    }

    func executeOne(_ sql: String, _ arguments: [SQLValue]) throws {
        try database.pass()
        try inner.executeOne(sql, arguments)
    }

    func change(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
        try database.pass()
        return try inner.change(sql, arguments)
    }

    func query(_ sql: String, _ arguments: [SQLValue]) throws -> [SQLRow] {
        try database.pass()
        return try inner.query(sql, arguments)
    }

    func settle() throws {
        try database.pass()
        try inner.settle()
    }

    func queryAll(_ queries: [SQLStatement]) throws -> [[SQLRow]] {
        try database.pass()
        return try inner.queryAll(queries)
    }

    func change(
        _ statement: SQLStatement,
        thenQuery query: SQLStatement
    ) throws -> (changed: Int, rows: [SQLRow]) {
        try database.pass()
        return try inner.change(statement, thenQuery: query)
    }
}
