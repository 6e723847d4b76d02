import CPostgres
import Records
import Synchronization

/// The history of commits that a process has begun with.
///
/// A process remembers what it has read of committed rows, and counts on it. When a server fails over to a replica that
/// is behind, the newest commits are gone and their numbers are given out anew; when a database is dropped and restored
/// under its name, all are. Nothing that was remembered may be used then, so that this process reads and writes nothing
/// more, and a new one starts.
final class PostgresLineage: Sendable {
    private struct State {
        var first: String?
        var isLeft = false
    }

    private let state = Mutex(State())

    /// Whether a connection has led to another history.
    var isLeft: Bool { state.withLock(\.isLeft) }

    /// - Throws: ``StorageError`` with the code `replaced`, from the first connection to another history on.
    func requireSame() throws(StorageError) {
        guard isLeft else { return }
        throw StorageError(
            .replaced,
            "the database server has failed over, or the database was replaced: commits that this process remembers may "
                + "be gone; start the process anew"
        )
    }

    /// Compares the history of a new connection, in the server's answer to ``question``, with that of the first one.
    ///
    /// - Throws: ``StorageError`` with the code `replaced`.
    func compare(_ found: String?) throws(StorageError) {
        // Servers that do not say their history cannot be compared.
        guard let found else { return }
        state.withLock { state in
            state.first = state.first ?? found
            if state.first != found { state.isLeft = true }
        }
        try requireSame()
    }

    /// Asks for the cluster, its timeline, which changes with each promotion of a replica, and the database.
    static let question = """
        SELECT system_identifier::text || '/' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) || '/' || d.oid::text
        FROM pg_control_system() CROSS JOIN pg_database d WHERE d.datname = current_database()
        """
}
