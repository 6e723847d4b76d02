import Ledger
import Records
import Storage
import Synchronization

/// The writing connections of a process to a PostgreSQL database: one for each scope in which it has written.
final class PostgresWriters: Sendable {
    private typealias Writing = (writer: PostgresWriter, committer: GroupCommitter)

    private struct State {
        var made: [WriteScope: Writing] = [:]
        var isClosed = false
    }

    private let settings: String
    private let idleLimit: Duration
    private let lineage: PostgresLineage
    private let state = Mutex(State())

    init(settings: String, idleLimit: Duration, lineage: PostgresLineage) {
        self.lineage = lineage
        self.settings = settings
        self.idleLimit = idleLimit
    }

    /// Commits the units of work of a scope.
    ///
    /// - Throws: ``StorageError`` when the database is closed.
    func committer(of scope: WriteScope) throws(StorageError) -> GroupCommitter {
        let found: GroupCommitter? = state.withLock { state in
            if let known = state.made[scope] { return known.committer }
            guard !state.isClosed else { return nil }
            let connection = PostgresConnection(settings: settings, idleLimit: idleLimit, lineage: lineage)
            let writer = PostgresWriter(connection, scope: scope)
            let committer = GroupCommitter(writer)
            state.made[scope] = (writer, committer)
            return committer
        }
        guard let found else { throw StorageError(.unavailable, "the database is closed") }
        return found
    }

    /// Takes no more units of work, waits for those that are under way, and ends the connections.
    func close() async {
        let all = state.withLock { state in
            state.isClosed = true
            return Array(state.made.values)
        }
        for one in all { await one.committer.close() }
        for one in all { one.writer.close() }
    }
}

/// A writing connection of a PostgreSQL database.
final class PostgresWriter: GroupWriter {
    private let connection: Mutex<PostgresWritingConnection>

    init(_ connection: sending PostgresConnection, scope: WriteScope) {
        self.connection = Mutex(PostgresWritingConnection(connection, scope: scope))
    }

    func withConnection(_ body: (any WritingConnection) throws -> Void) throws {
        try connection.withLock { try body($0) }
    }

    func close() { connection.withLock { $0.disconnect() } }
}

/// The connection while a group is being committed.
///
/// A group takes locks that all gateways on the database share, so that what it has read of its book's journal and
/// balances stays true until it is committed. A group that may change everything keeps out all others, and one of a
/// book those of the same book.
private final class PostgresWritingConnection: WritingConnection {
    /// "settlegt" as a number: the key of the lock of the whole database.
    private static let lock: Int64 = 0x7365_7474_6C65_6774
    /// "setb" as a number: the key of the locks of books, with the book's number.
    private static let bookLock: Int64 = 0x7365_7462

    private let scope: WriteScope
    private let connection: PostgresConnection
    private let own: PostgresSession
    private var isInTransaction = false
    /// The server's number of the running transaction, by which its fate can be asked.
    private var number = ""
    var session: any SQLSession { own }

    init(_ connection: PostgresConnection, scope: WriteScope) {
        self.scope = scope
        self.connection = connection
        own = PostgresSession(connection)
        own.group.scope = scope
    }

    func begin() throws {
        own.group.forget()
        do { try start() } catch  where !connection.isAlive {
            // The server was restarted since: nothing has happened yet, so it is begun on a new connection.
            try start()
        }
    }

    private func start() throws(StorageError) {
        try connection.enqueue("BEGIN ISOLATION LEVEL READ COMMITTED")
        isInTransaction = true
        let lock =
            switch scope {
            case .everything:
                try connection.run(
                    "SELECT pg_current_xact_id()::text, pg_advisory_xact_lock($1)",
                    [.integer(Self.lock)]
                )
            case .book(let book):
                try connection.run(
                    """
                    SELECT pg_current_xact_id()::text, pg_advisory_xact_lock_shared($1),
                    pg_advisory_xact_lock($2::bigint::integer, $3::bigint::integer)
                    """,
                    [.integer(Self.lock), .integer(Self.bookLock), .integer(book.number)]
                )
            }
        var row = lock.rows.first ?? SQLRow([])
        number = try row.text()
    }

    func commit() throws {
        let outcome: String
        do {
            // A hint for other gateways, sent by the commit itself; one that misses it polls in time.
            for work in own.group.storedWork { try connection.enqueue(PostgresListener.call(for: work)) }
            outcome = try connection.run("COMMIT").tag
            isInTransaction = false
        } catch {
            guard !connection.isAlive else { throw StorageError(.unavailable, "no commit: \(error.reason)") }
            isInTransaction = false
            return try readBack(error)
        }
        // The commit of a transaction in which a statement failed is answered with a rollback, and without an error.
        guard outcome == "COMMIT" else {
            throw StorageError(.unavailable, "no commit: a statement had failed (\(outcome))")
        }
    }

    var hasFailedTransaction: Bool {
        do { try connection.drain() } catch { return true }
        return connection.hasFailedTransaction
    }

    /// Asks the server what became of a commit during which the connection was lost.
    private func readBack(_ error: StorageError) throws(StorageError) {
        var status: String?
        do {
            let answer = try connection.run("SELECT pg_xact_status($1::text::xid8)", [.text(number)])
            var row = answer.rows.first ?? SQLRow([])
            status = try row.optionalText()
        } catch {}
        switch status {
        case "committed": return
        case "aborted": throw StorageError(.unavailable, "no commit: \(error.reason)")
        default: throw StorageError(.outcomeUnknown, "the commit failed (\(error.reason)); read back what became of it")
        }
    }

    func rollback() {
        guard isInTransaction else { return }
        isInTransaction = false
        // Without a connection there is nothing left to roll back.
        connection.rollBack()
    }

    func beginMember() throws { try connection.enqueue("SAVEPOINT member") }
    func keepMember() throws { try connection.run("RELEASE SAVEPOINT member") }

    func rollbackMember() throws {
        // Statements that the member has sent and not waited for are rolled back as well, whatever their results.
        _ = try? connection.drain()
        try connection.enqueue("ROLLBACK TO SAVEPOINT member")
        try connection.run("RELEASE SAVEPOINT member")
    }

    func disconnect() { connection.disconnect() }
}
