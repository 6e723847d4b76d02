import Records
import Storage

/// A connection to PostgreSQL within a unit of work.
final class PostgresSession: SQLSession {
    let group = GroupState()
    private let connection: PostgresConnection

    init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    func execute(_ sql: String, _ arguments: [SQLValue]) throws { try connection.enqueue(sql, arguments) }

    func executeOne(_ sql: String, _ arguments: [SQLValue]) throws {
        try connection.enqueue(sql, arguments, changing: 1)
    }

    func settle() throws { try connection.drain() }

    func change(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
        try connection.run(sql, arguments).changed
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

    /// What statements come to, with one wait for all of them; what was enqueued before is answered before.
    private func answers(to statements: [SQLStatement]) throws -> [PostgresConnection.Answer] {
        for statement in statements { try connection.enqueue(statement.sql, statement.arguments) }
        let answers = try connection.drain().suffix(statements.count)
        guard answers.count == statements.count else {
            throw StorageError(.unavailable, "PostgreSQL has not answered every statement")
        }
        return Array(answers)
    }
}
