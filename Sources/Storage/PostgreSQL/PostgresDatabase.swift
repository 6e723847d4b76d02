/// The database on a PostgreSQL server, which several gateways may share: the same schema and the same queries as on
/// SQLite.
public final class PostgresDatabase: Database {
    private static let readerCount = 4

    private let writer: PostgresWriter
    private let committer: GroupCommitter
    private let readers: PostgresReaders

    /// Connects, and brings the schema up to date.
    ///
    /// - Parameters:
    ///   - settings: libpq's connection string, for example `host=db1,db2 dbname=settlegate
    ///     target_session_attrs=read-write`; a password comes from `PGPASSFILE` or `PGPASSWORD`.
    ///   - migrating: whether an older schema is brought up to date; without it, an older one is refused.
    /// - Throws: ``StorageError``; a server that does not sync its log (`fsync=off`) is refused, because what it has
    ///   confirmed may be gone after a power failure.
    public init(settings: String, migrating: Bool = true) throws {
        let connection = PostgresConnection(settings: settings)
        let fsync = try connection.run("SELECT current_setting('fsync')", []).rows.first
        var row = fsync ?? SQLRow([])
        guard try row.text() == "on" else {
            throw StorageError(.unavailable, "the server runs with fsync=off; switch it on, or money may be forgotten")
        }
        try PostgresMigrator.run(on: connection, migrating: migrating)
        connection.disconnect()
        writer = PostgresWriter(settings: settings)
        committer = GroupCommitter(writer)
        readers = PostgresReaders(settings: settings, count: Self.readerCount)
    }

    /// Runs queries on what is committed; several at a time.
    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await readers.read(body)
    }

    /// Runs a unit of work; units that come while others are being committed share the next commit.
    public func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await committer.submit(body)
    }

    /// Waits for the units of work that are under way, and ends the connections.
    public func close() async throws {
        await committer.close()
        writer.close()
        readers.disconnect()
    }
}

/// Brings the schema of a PostgreSQL database up to date, one gateway at a time.
enum PostgresMigrator {
    /// "settlegm" as a number: the key of the lock.
    private static let lock: Int64 = 0x7365_7474_6C65_676D

    static func run(on connection: PostgresConnection, migrating: Bool) throws {
        try connection.run("BEGIN")
        do {
            _ = try connection.run("SELECT pg_advisory_xact_lock($1)", [.integer(lock)])
            try connection.run("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")
            let stored = try connection.run("SELECT COALESCE(MAX(version), 0) FROM schema_version", []).rows.first
            var row = stored ?? SQLRow([])
            let version = Int(clamping: try row.integer())
            guard version <= Schema.version else {
                throw StorageError(
                    .newerSchema,
                    "the database has schema \(version), this program knows \(Schema.version); start the newer version"
                )
            }
            guard migrating || version == Schema.version else {
                throw StorageError(.unavailable, "the schema is \(version); run 'settlegate migrate' first")
            }
            for migration in Schema.migrations where migration.number > version {
                for statement in migration.statements { try connection.run(Schema.postgreSQL(statement)) }
                _ = try connection.run(
                    "INSERT INTO schema_version (version) VALUES ($1)",
                    [.integer(Int64(migration.number))]
                )
            }
            try connection.run("COMMIT")
        } catch {
            if connection.isAlive { _ = try? connection.run("ROLLBACK") }
            throw error
        }
    }
}
