import GRDB
import Storage
import Synchronization

/// A reading connection of an SQLite file: its units of work run one after the other, and its statements stay prepared.
final class SQLiteReader: Sendable {
    private let queue: DatabaseQueue
    /// Kept, so that the file stays locked for as long as the connection exists.
    private let file: LockedFile
    // Proof: it is touched by closures on the connection's serial queue, and by nothing else.
    private nonisolated(unsafe) var session: SQLiteSession?
    /// How many reads run or wait.
    private let load = Atomic<Int>(0)

    /// Opens a connection that can only read.
    init(file: LockedFile, configuration: Configuration) throws {
        var configuration = configuration
        configuration.readonly = true
        self.file = file
        queue = try DatabaseQueue(path: file.path, configuration: configuration)
    }

    /// Runs queries on the data that is committed when the first of them runs.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        load.add(1, ordering: .relaxed)
        defer { load.subtract(1, ordering: .relaxed) }
        return try await withCheckedThrowingContinuation { continuation in
            queue.asyncUnsafeRead { database in
                continuation.resume(with: Result { try self.run(body, on: database.get()) })
            }
        }
    }

    /// Runs queries now, on the caller's thread, if nothing else runs on the connection.
    ///
    /// - Returns: what `body` returns; nil when the connection is busy.
    func readIfIdle<Value: Sendable>(_ body: @Sendable (any SQLSession) throws -> Value) throws -> Value? {
        guard load.compareExchange(expected: 0, desired: 1, ordering: .relaxed).exchanged else { return nil }
        defer { load.subtract(1, ordering: .relaxed) }
        return try queue.unsafeRead { try run(body, on: $0) }
    }

    private func run<Value>(_ body: (any SQLSession) throws -> Value, on database: GRDB.Database) throws -> Value {
        let session = unsafe session ?? SQLiteSession(database)
        unsafe self.session = session
        // The rows that the previous read has cached may have changed since.
        session.group.forget()
        try session.execute("BEGIN", [])
        let result = Result { try body(session) }
        do { try session.execute("COMMIT", []) } catch {
            // A transaction that stayed open would make every later read fail.
            try? session.execute("ROLLBACK", [])
            throw error
        }
        let value = try result.get()
        // Numbers that were read in a committed state are never changed.
        session.group.keepNumbers()
        return value
    }

    /// Ends the connection, after what is under way.
    func close() throws {
        queue.unsafeRead { _ in unsafe session = nil }
        try queue.close()
    }
}
