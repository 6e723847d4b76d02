import Records
import Storage
import Synchronization

/// The writing connection of a PostgreSQL database.
final class PostgresWriter: GroupWriter {
    private let connection: Mutex<PostgresWritingConnection>

    init(settings: String, idleLimit: Duration) {
        connection = Mutex(PostgresWritingConnection(settings: settings, idleLimit: idleLimit))
    }

    func withConnection(_ body: (any WritingConnection) throws -> Void) throws {
        try connection.withLock { try body($0) }
    }

    func close() { connection.withLock { $0.disconnect() } }
}

/// The connection while a group is being committed.
///
/// A group takes a lock that all gateways on the database share: only one of them writes at a time, so that what a group
/// has read of the journal and the balances stays true until it is committed.
private final class PostgresWritingConnection: WritingConnection {
    /// "settlegt" as a number: the key of the lock.
    static let lock: Int64 = 0x7365_7474_6C65_6774

    private let connection: PostgresConnection
    private let own: PostgresSession
    private var isInTransaction = false
    /// The server's number of the running transaction, by which its fate can be asked.
    private var number = ""
    var session: any SQLSession { own }

    init(settings: String, idleLimit: Duration) {
        connection = PostgresConnection(settings: settings, idleLimit: idleLimit)
        own = PostgresSession(connection)
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
        let lock = try connection.run(
            "SELECT pg_advisory_xact_lock($1), pg_current_xact_id()::text",
            [.integer(Self.lock)]
        )
        var row = lock.rows.first ?? SQLRow([])
        try row.skip()
        number = try row.text()
    }

    func commit() throws {
        let outcome: String
        do {
            // A hint for other gateways, sent by the commit itself; who misses it looks by itself in time.
            if own.group.hasNews { try connection.enqueue("NOTIFY \(PostgresListener.channel)") }
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

    /// The connection was lost while the commit was under way: the server knows what became of it.
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
        // What the member has sent and nobody has waited for is rolled back with it, whatever became of it.
        _ = try? connection.drain()
        try connection.enqueue("ROLLBACK TO SAVEPOINT member")
        try connection.run("RELEASE SAVEPOINT member")
    }

    func disconnect() { connection.disconnect() }
}
