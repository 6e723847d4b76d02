import Records
import Storage

/// A connection to PostgreSQL within a unit of work.
final class PostgresSession: SQLSession {
    let group = CommitGroupCache()
    private let connection: PostgresConnection
    /// The shared table that each statement changes; nil for one that changes none.
    private var changed: [String: String?] = [:]

    init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    func execute(_ sql: String, _ arguments: [SQLValue]) throws {
        try requireScope(of: sql)
        try connection.enqueue(sql, arguments)
    }

    func executeOne(_ sql: String, _ arguments: [SQLValue]) throws {
        try requireScope(of: sql)
        try connection.enqueue(sql, arguments, changing: 1)
    }

    /// Refuses a statement that changes a table that all books share, unless the unit of work may do that.
    private func requireScope(of sql: String) throws(StorageError) {
        guard !group.scope.coversShared else { return }
        let table = changed[sql] ?? .some(Schema.sharedTable(changedBy: sql))
        changed[sql] = table
        guard let table = table.flatMap(\.self) else { return }
        throw StorageError(.outOfScope, "a unit of work in \(group.scope) may not change '\(table)', which all share")
    }

    func settle() throws { try connection.drain() }

    func change(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
        try requireScope(of: sql)
        return try connection.run(sql, arguments).changed
    }

    func query(_ sql: String, _ arguments: [SQLValue]) throws -> [SQLRow] {
        try connection.run(sql, arguments).rows
    }

    func queryAll(_ queries: [SQLStatement]) throws -> [[SQLRow]] { try answers(to: queries).map(\.rows) }

    func change(
        _ statement: SQLStatement,
        thenQuery query: SQLStatement
    ) throws -> (changed: Int, rows: [SQLRow]) {
        let answers = try answers(to: [statement, query])
        return (answers[0].changed, answers[1].rows)
    }

    /// The results of statements, with one wait for all of them; statements that were enqueued before run first.
    private func answers(to statements: [SQLStatement]) throws -> [PostgresConnection.Answer] {
        for statement in statements { try requireScope(of: statement.sql) }
        for statement in statements { try connection.enqueue(statement.sql, statement.arguments) }
        let answers = try connection.drain().suffix(statements.count)
        guard answers.count == statements.count else {
            throw StorageError(.unavailable, "PostgreSQL has not answered every statement")
        }
        return Array(answers)
    }
}
