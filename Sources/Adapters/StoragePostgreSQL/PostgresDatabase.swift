import Records
package import Seams
package import Storage

/// The database on a PostgreSQL server, which several gateways may share: the same schema and the same queries as on
/// SQLite.
package final class PostgresDatabase: Database {
    private static let readerCount = 4
    /// How long a process may stand still in a unit of work.
    package static let usualIdleLimit = Duration.seconds(10)

    /// How many books of merchants a new database gets: as many units of work can be committed at the same time.
    package static let usualBooks = 16

    private let writers: PostgresWriters
    private let readers: PostgresReaders
    private let listener: PostgresListener
    private let lineage = PostgresLineage()

    /// Connects, and brings the schema up to date.
    ///
    /// - Parameters:
    ///   - settings: libpq's connection string, for example `host=db1,db2 dbname=settlegate
    ///     target_session_attrs=read-write`; a password comes from `PGPASSFILE` or `PGPASSWORD`.
    ///   - migrating: whether an older schema is brought up to date; without it, an older one is refused.
    ///   - books: how many books of merchants a new database gets.
    ///   - idleLimit: how long this process may stand still in a unit of work, and so keep other gateways from writing,
    ///     before the server rolls the unit back.
    /// - Throws: ``StorageError``; with ``StorageError/Code/notDurable`` for a server, a role or a connection string
    ///   with `fsync`, `full_page_writes` or `synchronous_commit` off, because a confirmed commit may be lost in a
    ///   power failure.
    package init(
        settings: String,
        migrating: Bool = true,
        books: Int = usualBooks,
        idleLimit: Duration = usualIdleLimit
    ) throws {
        let connection = PostgresConnection(settings: settings, idleLimit: idleLimit, lineage: lineage)
        try PostgresMigrator.run(on: connection, migrating: migrating, books: books)
        connection.disconnect()
        writers = PostgresWriters(settings: settings, idleLimit: idleLimit, lineage: lineage)
        readers = PostgresReaders(settings: settings, count: Self.readerCount, lineage: lineage)
        listener = PostgresListener(settings: settings)
    }

    /// Yields when a gateway on the database has stored work of a kind.
    package func calls(for work: StoredWork) -> AsyncStream<Void> { listener.bell.calls(for: work) }

    /// The server's settings and those of the session that writes.
    package func durability() async throws -> String {
        try await write { try PostgresDurability.read($0) }
    }

    /// The server's clock.
    package func statedTime() async throws -> Timestamp? {
        try await read { session in
            try session.first(
                "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
                []
            ) { try $0.moment() }
        }
    }

    /// Whether the server has failed over, or the database was replaced, since this process has begun.
    package var isReplaced: Bool { lineage.isLeft }

    /// Nil: other processes may commit.
    package var commitCount: Int? { nil }

    /// Several gateways may work on it.
    package var isShared: Bool { true }

    deinit { listener.stop() }

    /// Runs queries on committed data; several at a time.
    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await readers.read(body)
    }

    /// Runs a unit of work: units of the same scope that come while others are being committed share the next commit, and
    /// those of different books are committed side by side.
    package func write<Value: Sendable>(
        in scope: WriteScope,
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        do { return try await writers.committer(of: scope).submit(body) } catch let error as StorageError
            where error.code == .outOfScope && scope != .everything
        {
            return try await writers.committer(of: .everything).submit(body)
        }
    }

    /// Waits for the units of work that are under way, and ends the connections.
    package func close() async throws {
        listener.stop()
        await writers.close()
        readers.disconnect()
    }
}
