import Seams
import Storage
import Synchronization

/// A statement with its arguments, as it was run.
struct RecordedStatement {
    let sql: String
    let arguments: [SQLValue]
}

/// A database that remembers the statements of its units of work.
struct StatementRecorder: Database {
    final class Log: Sendable {
        let statements = Mutex<[RecordedStatement]>([])
    }

    let base: any Database
    let log = Log()

    var isShared: Bool { base.isShared }
    var isReplaced: Bool { base.isReplaced }
    var commitCount: Int? { base.commitCount }
    func calls(for work: StoredWork) -> AsyncStream<Void> { base.calls(for: work) }
    func statedTime() async throws -> Timestamp? { try await base.statedTime() }

    func read<Value: Sendable>(_ body: @escaping @Sendable (any SQLSession) throws -> Value) async throws -> Value {
        try await base.read(body)
    }

    func write<Value: Sendable>(
        in scope: WriteScope,
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await base.write(in: scope) { [log] session in
            let session = Session(base: session, log: log)
            let value = try body(session)
            try session.finishGroup()
            return value
        }
    }

    func durability() async throws -> String { try await base.durability() }

    func close() async throws { try await base.close() }

    private final class Session: SQLSession {
        let base: any SQLSession
        let log: Log
        var group: CommitGroupCache { base.group }

        init(base: any SQLSession, log: Log) {
            self.base = base
            self.log = log
        }

        private func note(_ sql: String, _ arguments: [SQLValue]) {
            log.statements.withLock { $0.append(RecordedStatement(sql: sql, arguments: arguments)) }
        }

        func execute(_ sql: String, _ arguments: [SQLValue]) throws {
            note(sql, arguments)
            try base.execute(sql, arguments)
        }

        func change(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
            note(sql, arguments)
            return try base.change(sql, arguments)
        }

        func query(_ sql: String, _ arguments: [SQLValue]) throws -> [SQLRow] {
            note(sql, arguments)
            return try base.query(sql, arguments)
        }
    }
}
