import CSQLiteShims
import GRDB
import Records
package import Seams
package import Storage
import Synchronization

/// The database in an SQLite file: write-ahead log, `synchronous=FULL`, one writer, several readers.
package final class SQLiteDatabase: Storage.Database {
    private let file: LockedFile
    /// The usual number of merchants' books: one writer gains nothing by more.
    package static let usualBooks = 1
    /// The number of connections that read at the same time.
    private static let readerCount = 4

    /// The settings of all connections of the process, made before the first one: otherwise readers would wait for each
    /// other at every allocation.
    private static let settings: Void = { _ = sqlite_shim_count_no_memory() }()

    private let writer: DatabaseQueue
    private let groupWriter: SQLiteWriter
    private let committer: GroupCommitter
    private let readers: [SQLiteReader]
    private let turn = Atomic<Int>(0)

    /// Opens or creates a database, and brings its schema up to date.
    ///
    /// - Parameters:
    ///   - path: the file; its folder has to exist.
    ///   - migrating: whether an older schema is brought up to date; without it, an older one is refused.
    ///   - books: how many books of merchants a new database gets.
    /// - Throws: ``StorageError``; with ``StorageError/Code/locked`` when another process has the database, and with
    ///   ``StorageError/Code/newerSchema`` when a newer version of the program made it.
    package init(path: String, migrating: Bool = true, books: Int = usualBooks) throws {
        Self.settings
        let file = try LockedFile(path: path)
        self.file = file
        let path = file.path
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA cache_size = -65536")
            // Deleted data is overwritten, however the library was built.
            try database.execute(sql: "PRAGMA secure_delete = ON")
            // The data by which a statement can be undone is kept in memory: otherwise every commit would make a file.
            try database.execute(sql: "PRAGMA temp_store = MEMORY")
            SQLiteUnits.register(in: database)
        }
        do { writer = try DatabaseQueue(path: path, configuration: configuration) } catch {
            throw StorageError(.unavailable, "the database \(path) cannot be opened: \(error)")
        }
        groupWriter = SQLiteWriter(queue: writer, file: file)
        committer = GroupCommitter(groupWriter)
        try writer.writeWithoutTransaction { database in
            try SQLiteDurability.demand(of: database)
            try SQLiteMigrator.run(on: database, migrating: migrating, books: books)
        }
        do {
            readers = try (0..<Self.readerCount).map { _ in try SQLiteReader(file: file, configuration: configuration) }
        } catch { throw StorageError(.unavailable, "the database \(path) cannot be read: \(error)") }
        try file.holdLog()
    }

    /// The settings of the connection that writes.
    package func durability() async throws -> String {
        try await write { try SQLiteDurability.read($0) }
    }

    /// A second process is refused.
    package var isShared: Bool { false }

    /// Never: this process holds the lock of the file, and writes to no other.
    package var isReplaced: Bool { false }

    /// Nil: the database is on our machine.
    package func statedTime() async throws -> Timestamp? { nil }

    /// Yields when this process has stored events or transfers; whoever stores messages calls for them, and no other
    /// process does.
    package func calls(for work: StoredWork) -> AsyncStream<Void> {
        work == .messages ? AsyncStream { $0.finish() } : groupWriter.bell.calls(for: work)
    }

    /// The number of commits; no other process commits to this database.
    package var commitCount: Int? { groupWriter.commitCount }

    /// Runs queries on committed data; several at a time.
    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        let turn = turn.wrappingAdd(1, ordering: .relaxed).newValue
        do { return try await readers[Int(turn.magnitude) % readers.count].read(body) } catch let error as DatabaseError
        {
            throw StorageError(error)
        }
    }

    /// Runs queries on an idle connection without a change of threads, which would take as long as the queries.
    package func lookUp<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        for reader in readers {
            do { if let value = try reader.readIfIdle(body) { return value } } catch let error as DatabaseError {
                throw StorageError(error)
            }
        }
        return try await read(body)
    }

    /// Runs a unit of work, whatever its scope: units that come while others are being committed share the next commit.
    package func write<Value: Sendable>(
        in scope: WriteScope,
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await committer.submit(body)
    }

    /// Waits for the units of work that are under way, empties the log into the file and releases the lock.
    ///
    /// A copy of the file is a whole backup afterwards.
    package func close() async throws {
        await committer.close()
        do {
            for reader in readers { try reader.close() }
            try await writer.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            }
            try writer.close()
        } catch let error as DatabaseError { throw StorageError(error) }
        file.release()
    }
}

extension StorageError {
    /// An error of SQLite, without any of the statement's values.
    init(_ error: DatabaseError) {
        let what = error.message ?? "SQLite error \(error.resultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_CONSTRAINT: self.init(.constraint, what)
        case .SQLITE_TOOBIG, .SQLITE_MISMATCH: self.init(.unstorable, what)
        default: self.init(.unavailable, what)
        }
    }
}
