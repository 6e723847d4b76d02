import Storage

/// Brings the schema of a PostgreSQL database up to date, one gateway at a time.
enum PostgresMigrator {
    /// "settlegm" as a number: the key of the lock.
    private static let lock: Int64 = 0x7365_7474_6C65_676D

    static func run(
        on connection: PostgresConnection,
        _ known: [Schema.Migration] = Schema.migrations,
        migrating: Bool,
        books: Int = PostgresDatabase.usualBooks
    ) throws {
        try connection.run("BEGIN")
        do {
            // Another gateway may migrate for longer than a unit of work waits for a lock.
            try connection.run("SET LOCAL lock_timeout = 0")
            _ = try connection.run("SELECT pg_advisory_xact_lock($1)", [.integer(lock)])
            try connection.run("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")
            let stored = try connection.run("SELECT COALESCE(MAX(version), 0) FROM schema_version", []).rows.first
            var row = stored ?? SQLRow([])
            let version = Int(clamping: try row.integer())
            for migration in try Schema.migrations(after: version, of: known, migrating: migrating) {
                for statement in migration.statements {
                    try connection.run(SchemaWords.postgres.statement(statement))
                }
                if version == 0, migration.number == known.first?.number {
                    let session = PostgresSession(connection)
                    try session.makeBooks(books)
                    try session.settle()
                }
                _ = try connection.run(
                    "INSERT INTO schema_version (version) VALUES ($1)",
                    [.integer(Int64(migration.number))]
                )
            }
            try connection.run("COMMIT")
        } catch {
            connection.rollBack()
            throw error
        }
    }
}
