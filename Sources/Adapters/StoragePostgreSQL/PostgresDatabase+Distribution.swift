import Records
import Storage

extension PostgresDatabase {
    /// Spreads the tables of a database over the nodes of a Citus cluster, all in one transaction.
    ///
    /// - Parameter settings: libpq's connection string, of the cluster's coordinator.
    /// - Throws: ``StorageError`` with ``StorageError/Code/missingExtension`` when the database has no Citus extension, and
    ///   says what to do about it; nothing is changed then.
    /// - Returns: the tables that were not distributed before.
    package static func distribute(_ settings: String) throws -> [String] {
        let connection = PostgresConnection(settings: settings)
        defer { connection.disconnect() }
        try requireCitus(on: connection)
        try connection.run("BEGIN")
        do {
            let known = Set(try texts("SELECT logicalrelid::text FROM pg_dist_partition", on: connection).map(\.[0]))
            let tables = Set(Schema.tables).subtracting(known)
            for statement in Distribution.statements(for: tables, try foreignKeys(of: tables, on: connection)) {
                try connection.run(statement)
            }
            try connection.run("COMMIT")
            return tables.sorted()
        } catch {
            connection.rollBack()
            throw error
        }
    }

    private static func requireCitus(on connection: PostgresConnection) throws {
        let installed = try texts("SELECT extversion FROM pg_extension WHERE extname = 'citus'", on: connection)
        guard installed.isEmpty else { return }
        let available = try texts(
            "SELECT default_version FROM pg_available_extensions WHERE name = 'citus'",
            on: connection
        )
        let remedy =
            available.isEmpty
            ? """
            install Citus on every node, put 'citus' into shared_preload_libraries and restart them, run 'CREATE EXTENSION \
            citus' in this database on every node, and name the nodes with citus_add_node
            """
            : "run 'CREATE EXTENSION citus' in this database on every node, and name the nodes with citus_add_node"
        throw StorageError(
            .missingExtension,
            "the database has no extension 'citus', by which tables are distributed: \(remedy)"
        )
    }

    /// The foreign keys of some tables, in the order of their names.
    static func foreignKeys(
        of tables: Set<String>,
        on connection: PostgresConnection
    ) throws -> [Distribution.ForeignKey] {
        let found = try texts(
            """
            SELECT c.conname::text, r.relname::text, f.relname::text, pg_get_constraintdef(c.oid) FROM pg_constraint c
            JOIN pg_class r ON r.oid = c.conrelid JOIN pg_class f ON f.oid = c.confrelid
            WHERE c.contype = 'f' ORDER BY r.relname, c.conname
            """,
            on: connection
        )
        return found.compactMap { row in
            guard tables.contains(row[1]) else { return nil }
            return Distribution.ForeignKey(name: row[0], table: row[1], target: row[2], definition: row[3])
        }
    }

    private static func texts(_ sql: String, on connection: PostgresConnection) throws -> [[String]] {
        try connection.run(sql, []).rows.map { row in
            var row = row
            return try (0..<row.values.count).map { _ in try row.text() }
        }
    }
}
