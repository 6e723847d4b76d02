/// A connection to PostgreSQL within a unit of work.
final class PostgresSession: SQLSession {
    let group = GroupState()
    private let connection: PostgresConnection

    init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    func execute(_ sql: String, _ arguments: [SQLValue]) throws { try connection.enqueue(sql, arguments) }

    func change(_ sql: String, _ arguments: [SQLValue]) throws -> Int { try connection.run(sql, arguments).changed }

    func query(_ sql: String, _ arguments: [SQLValue]) throws -> [SQLRow] { try connection.run(sql, arguments).rows }
}
