import DatabaseEngines
import Storage

/// The tables and keys of a database, as its engine describes them.
enum StoredSchema {
    /// A primary or unique key.
    struct Key: Hashable {
        let table: String
        let columns: [String]
    }

    /// A foreign key.
    struct Reference: Hashable {
        let table: String
        let columns: [String]
        let target: String
        let targets: [String]
    }

    /// The tables of the gateway.
    static func tables(of database: any Database, on engine: Engine) async throws -> [String] {
        let sql =
            engine == .sqlite
            ? "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
            : """
            SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'
            AND table_name <> 'schema_version'
            """
        return try await texts(sql, in: database).map { $0[0] }
    }

    /// The columns of a table.
    static func columns(of table: String, in database: any Database, on engine: Engine) async throws -> [String] {
        let sql =
            engine == .sqlite
            ? "SELECT name FROM pragma_table_info('\(table)')"
            : "SELECT column_name::text FROM information_schema.columns WHERE table_name = '\(table)'"
        return try await texts(sql, in: database).map { $0[0] }
    }

    /// The primary keys, unique constraints and unique indexes.
    static func keys(of database: any Database, on engine: Engine) async throws -> [Key] {
        let sql =
            engine == .sqlite
            ? """
            SELECT t.name, x.name, i.name FROM sqlite_master t JOIN pragma_index_list(t.name) x
            JOIN pragma_index_info(x.name) i WHERE t.type = 'table' AND x."unique" = 1 ORDER BY t.name, x.name, i.seqno
            """
            : """
            SELECT r.relname::text, x.indexrelid::text, a.attname::text FROM pg_index x JOIN pg_class r ON r.oid = x.indrelid
            JOIN pg_namespace n ON n.oid = r.relnamespace AND n.nspname = 'public'
            JOIN LATERAL unnest(x.indkey) WITH ORDINALITY k (number, place) ON k.place <= x.indnkeyatts
            JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.number
            WHERE x.indisunique ORDER BY r.relname, x.indexrelid, k.place
            """
        return groups(try await texts(sql, in: database)).map { Key(table: $0[0][0], columns: $0.map { $0[2] }) }
    }

    /// The foreign keys.
    static func references(of database: any Database, on engine: Engine) async throws -> [Reference] {
        let sql =
            engine == .sqlite
            ? """
            SELECT t.name, t.name || f.id, f."table", f."from", f."to" FROM sqlite_master t
            JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table' ORDER BY t.name, f.id, f.seq
            """
            : """
            SELECT r.relname::text, c.oid::text, f.relname::text, a.attname::text, b.attname::text FROM pg_constraint c
            JOIN pg_class r ON r.oid = c.conrelid JOIN pg_class f ON f.oid = c.confrelid
            JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY k (own, other, place) ON 0 = 0
            JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.own
            JOIN pg_attribute b ON b.attrelid = f.oid AND b.attnum = k.other
            WHERE c.contype = 'f' ORDER BY r.relname, c.oid, k.place
            """
        return groups(try await texts(sql, in: database)).map { rows in
            Reference(table: rows[0][0], columns: rows.map { $0[3] }, target: rows[0][2], targets: rows.map { $0[4] })
        }
    }

    /// The foreign keys of a PostgreSQL database, as the server describes them.
    static func foreignKeys(of database: any Database) async throws -> [Distribution.ForeignKey] {
        let sql = """
            SELECT c.conname::text, r.relname::text, f.relname::text, pg_get_constraintdef(c.oid) FROM pg_constraint c
            JOIN pg_class r ON r.oid = c.conrelid JOIN pg_class f ON f.oid = c.confrelid WHERE c.contype = 'f'
            """
        return try await texts(sql, in: database).map {
            Distribution.ForeignKey(name: $0[0], table: $0[1], target: $0[2], definition: $0[3])
        }
    }

    /// Rows that follow each other with the same first two columns.
    private static func groups(_ rows: [[String]]) -> [[[String]]] {
        rows.reduce(into: [[[String]]]()) { groups, row in
            if groups.last?.last?.prefix(2) == row.prefix(2) {
                groups[groups.count - 1].append(row)
            } else {
                groups.append([row])
            }
        }
    }

    private static func texts(_ sql: String, in database: any Database) async throws -> [[String]] {
        try await database.read { session in
            try session.query(sql, []).map { row in
                var row = row
                return try (0..<row.values.count).map { _ in try row.text() }
            }
        }
    }
}
