import CPostgres
import Glibc
import Money
import Records
import Seams
import Storage

/// A connection to PostgreSQL over libpq, without blocking calls and in pipeline mode.
///
/// Statements whose answers are not needed at once are sent with the next one whose answer is. Used by one thread at a
/// time.
@safe final class PostgresConnection {
    /// The kinds of errors, by the server's code (SQLSTATE).
    private enum Class {
        static let constraint = "23"
        /// Data exceptions, and limits of the program, for example of a row in an index.
        static let values: Set<String> = ["22", "54"]
        /// Conflicts of transactions, deadlocks, and a lock that was not free in time.
        static let again: Set<String> = ["40001", "40P01", "55P03"]
    }

    /// The result of a statement.
    struct Answer {
        let rows: [SQLRow]
        /// How many rows were changed.
        let changed: Int
        /// The server's command tag, for example `COMMIT`.
        let tag: String
    }

    /// A command that was sent and not answered yet.
    private enum Pending {
        case preparation(of: Preparation)
        /// A statement, and how many rows it has to change, where that is known.
        case statement(changing: Int?)
    }

    /// How long the server may take to answer, in milliseconds: a lock of another gateway that hangs is not waited for
    /// endlessly.
    private static let patience: Int32 = 60_000

    /// Removes the database's password from the server's messages; no other peer is told it.
    private static let gate = SecretGate()

    private let settings: String
    private let idleLimit: Duration?
    private let lineage: PostgresLineage
    private var connection: OpaquePointer?
    private var prepared: [Preparation: String] = [:]
    private var statements = 0
    private var pending: [Pending] = []

    /// A connection that is made when it is first used.
    ///
    /// - Parameters:
    ///   - settings: libpq's connection string, which may name several hosts and `target_session_attrs`.
    ///   - idleLimit: for a connection that writes, whose commits have to outlive a loss of power. The server ends a
    ///     session that idles in a transaction for longer, because it keeps all others from writing.
    ///   - lineage: the history that every connection of the process has to lead to.
    init(settings: String, idleLimit: Duration? = nil, lineage: PostgresLineage = PostgresLineage()) {
        self.lineage = lineage
        self.settings = settings
        self.idleLimit = idleLimit
    }

    deinit { disconnect() }

    func disconnect() {
        if let connection = unsafe connection { unsafe PQfinish(connection) }
        unsafe connection = nil
        prepared = [:]
        pending = []
    }

    /// Whether a statement of the running transaction has failed, so that only a rollback can end it.
    var hasFailedTransaction: Bool {
        unsafe connection.map { unsafe PQtransactionStatus($0) == PQTRANS_INERROR } ?? false
    }

    /// Whether the server answered the last time.
    var isAlive: Bool { unsafe connection.map { unsafe PQstatus($0) == CONNECTION_OK } ?? false }

    private func connected() throws(StorageError) -> OpaquePointer {
        try lineage.requireSame()
        if let connection = unsafe connection, unsafe PQstatus(connection) == CONNECTION_OK { return unsafe connection }
        disconnect()
        guard let made = unsafe PQconnectdb(settings) else { throw StorageError(.unavailable, "libpq has no memory") }
        if let password = unsafe PQpass(made) { unsafe Self.gate.hold(String(cString: password)) }
        unsafe PQsetNoticeProcessor(made, { _, _ in }, nil)
        do throws(StorageError) {
            guard unsafe PQstatus(made) == CONNECTION_OK else { throw unsafe Self.unreachable(made) }
            try lineage.compare(unsafe Self.text(of: PostgresLineage.question, on: made))
            if let idleLimit { try unsafe prepareWriting(made, idleLimit) }
            guard unsafe PQsetnonblocking(made, 1) == 0, unsafe PQenterPipelineMode(made) == 1 else {
                throw unsafe Self.unreachable(made)
            }
        } catch {
            unsafe PQfinish(made)
            throw error
        }
        unsafe connection = unsafe made
        return unsafe made
    }

    /// The answer of one value to a question; nil when the server has none.
    private static func text(of question: String, on made: OpaquePointer) -> String? {
        let result = unsafe PQexec(made, question)
        defer { unsafe PQclear(result) }
        guard unsafe PQresultStatus(result) == PGRES_TUPLES_OK, unsafe PQntuples(result) == 1 else { return nil }
        return unsafe PQgetvalue(result, 0, 0).map { unsafe String(cString: $0) }
    }

    private static func unreachable(_ made: OpaquePointer) -> StorageError {
        StorageError(
            .unavailable,
            unsafe "PostgreSQL cannot be reached: \(line(String(cString: PQerrorMessage(made))))"
        )
    }

    /// Has every commit of a new session wait until it is on the disk, and the server end the session when this process
    /// stands still in a transaction.
    private func prepareWriting(_ made: OpaquePointer, _ idleLimit: Duration) throws(StorageError) {
        func ask(_ sql: String) throws(StorageError) -> SQLRow? {
            let result = unsafe PQexec(made, sql)
            defer { unsafe PQclear(result) }
            let status = unsafe PQresultStatus(result)
            guard status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK else { throw unsafe Self.unreachable(made) }
            return try unsafe Self.rows(result).first
        }
        let level = try PostgresDurability.level(try ask(PostgresDurability.question))
        _ = try ask("SET synchronous_commit = \(level)")
        let limit = idleLimit.wholeMicroseconds / 1_000
        // The waiting sessions of a process that stands still would otherwise get the locks one after the other, and
        // each would keep them until it has idled for too long. A process that works asks again.
        _ = try ask("SET lock_timeout = \(max(1, limit / 2))")
        // A lower limit that the operator has set stays.
        _ = try ask(
            """
            SELECT set_config(name, CAST(CASE WHEN CAST(setting AS BIGINT) BETWEEN 1 AND \(limit) THEN CAST(setting AS BIGINT)
            ELSE \(limit) END AS TEXT), false) FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'
            """
        )
    }

    // MARK: - Statements

    /// Has a statement run before the next one that is waited for, which also throws its error.
    ///
    /// With the arguments `$1`, `$2`, … it is prepared once and kept.
    ///
    /// - Parameters:
    ///   - sql: the statement.
    ///   - arguments: what stands for `$1`, `$2`, …
    ///   - count: how many rows it has to change; another number is a conflict.
    /// - Throws: ``StorageError``.
    func enqueue(_ sql: String, _ arguments: [SQLValue]? = nil, changing count: Int? = nil) throws(StorageError) {
        let connection = try unsafe connected()
        guard let arguments else {
            try unsafe sent(PQsendQueryParams(connection, sql, 0, nil, nil, nil, nil, 0), .statement(changing: count))
            return
        }
        for case .text(let text) in arguments {
            if let refusal = StorageError.unstorable(text) { throw refusal }
        }
        let name = try unsafe statement(Preparation(sql, arguments), on: connection)
        let code = unsafe Self.withTexts(arguments) { texts in
            unsafe PQsendQueryPrepared(connection, name, Int32(arguments.count), texts, nil, nil, 0)
        }
        try sent(code, .statement(changing: count))
    }

    /// Runs a statement, after those that were enqueued.
    ///
    /// - Throws: ``StorageError``; the first failure, also of one that was enqueued.
    @discardableResult
    func run(_ sql: String, _ arguments: [SQLValue]? = nil) throws(StorageError) -> Answer {
        try enqueue(sql, arguments)
        guard let answer = try drain().last else {
            throw StorageError(.unavailable, "PostgreSQL has not answered a statement")
        }
        return answer
    }

    /// Waits until every enqueued statement has run.
    ///
    /// - Throws: ``StorageError``; the first failure.
    /// - Returns: the result of each statement.
    @discardableResult
    func drain() throws(StorageError) -> [Answer] {
        guard let connection = unsafe connection, !pending.isEmpty else { return [] }
        guard unsafe PQpipelineSync(connection) == 1 else { throw unsafe lost(connection) }
        var (answers, failure): ([Answer], StorageError?) = ([], nil)
        let commands = pending
        pending = []
        for command in commands {
            do throws(StorageError) {
                let answer = try unsafe finish(command, on: connection)
                if case .statement = command, let answer { answers.append(answer) }
            } catch {
                guard isAlive else { throw error }
                failure = failure ?? error
            }
        }
        let end = try unsafe result(on: connection)
        defer { unsafe PQclear(end) }
        guard unsafe PQresultStatus(end) == PGRES_PIPELINE_SYNC else { throw unsafe lost(connection) }
        if let failure { throw failure }
        return answers
    }

    /// Rolls back the transaction, after waiting for enqueued statements: a failure of one keeps everything behind it
    /// from running.
    func rollBack() {
        guard isAlive else { return }
        _ = try? drain()
        _ = try? run("ROLLBACK")
    }

    /// Sends the enqueued statements and does not wait for them.
    func flush() { if let connection = unsafe connection { unsafe PQflush(connection) } }

    private func statement(_ wanted: Preparation, on connection: OpaquePointer) throws(StorageError) -> String {
        if let name = prepared[wanted] { return name }
        statements += 1
        let name = "s\(statements)"
        let code = unsafe wanted.types.withUnsafeBufferPointer { types in
            unsafe PQsendPrepare(connection, name, wanted.sql, Int32(types.count), types.baseAddress)
        }
        try sent(code, .preparation(of: wanted))
        prepared[wanted] = name
        return name
    }

    private func sent(_ code: CInt, _ command: Pending) throws(StorageError) {
        guard code == 1 else { throw unsafe lost(connection) }
        pending.append(command)
    }

    /// Takes the results of one command, up to the end that separates it from the next.
    private func finish(_ command: Pending, on connection: OpaquePointer) throws(StorageError) -> Answer? {
        var (answer, failure): (Answer?, StorageError?) = (nil, nil)
        while let result = try unsafe result(on: connection) {
            defer { unsafe PQclear(result) }
            do throws(StorageError) { answer = unsafe try read(result) } catch { failure = failure ?? error }
        }
        if let failure {
            // A statement whose preparation failed has to be prepared again.
            if case .preparation(let failed) = command { prepared[failed] = nil }
            throw failure
        }
        if case .statement(let count?) = command, answer?.changed != count { throw StorageError.changedMeanwhile }
        return answer
    }

    /// The next result, waited for; nil at the end of a command.
    private func result(on connection: OpaquePointer) throws(StorageError) -> OpaquePointer? {
        while true {
            let isFlushed = unsafe PQflush(connection)
            guard isFlushed >= 0 else { throw unsafe lost(connection) }
            guard unsafe PQisBusy(connection) == 1 || isFlushed == 1 else { return unsafe PQgetResult(connection) }
            let events = POLLIN | (isFlushed == 1 ? POLLOUT : 0)
            var socket = unsafe pollfd(fd: PQsocket(connection), events: Int16(events), revents: 0)
            let count = unsafe poll(&socket, 1, Self.patience)
            guard count != 0 else {
                disconnect()
                throw StorageError(.unavailable, "PostgreSQL has not answered for \(Self.patience / 1_000) seconds")
            }
            guard unsafe PQconsumeInput(connection) == 1 else { throw unsafe lost(connection) }
        }
    }

    /// Closes a connection that was lost, and returns the error.
    private func lost(_ connection: OpaquePointer?) -> StorageError {
        let reason = unsafe connection.map { unsafe Self.line(String(cString: PQerrorMessage($0))) } ?? ""
        disconnect()
        return StorageError(.unavailable, "PostgreSQL: the connection was lost: \(reason)")
    }

    private func read(_ result: OpaquePointer) throws(StorageError) -> Answer {
        let status = unsafe PQresultStatus(result)
        guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else {
            guard status != PGRES_PIPELINE_ABORTED else {
                throw StorageError(.unavailable, "PostgreSQL: a statement before this one has failed")
            }
            let code = unsafe PQresultErrorField(result, 67).map { unsafe String(cString: $0) } ?? ""
            let message =
                unsafe PQresultErrorField(result, 77).map { unsafe String(cString: $0) } ?? "the connection was lost"
            let reason = "PostgreSQL: \(Self.line(message)) (\(code))"
            guard !Class.again.contains(code) else { throw StorageError(.conflict, reason) }
            guard !Class.values.contains(String(code.prefix(2))) else { throw StorageError(.unstorable, reason) }
            throw StorageError(code.hasPrefix(Class.constraint) ? .constraint : .unavailable, reason)
        }
        return unsafe Answer(
            rows: try Self.rows(result),
            changed: PQcmdTuples(result).flatMap { unsafe Int(String(cString: $0)) } ?? 0,
            tag: unsafe PQcmdStatus(result).map { unsafe String(cString: $0) } ?? ""
        )
    }

    private static func line(_ text: String) -> String {
        // The server and libpq may repeat secrets that they were given.
        PeerText(gate.cut(text.split(whereSeparator: \.isNewline).first.map { String($0) } ?? "")).description
    }

    // MARK: - Values

    /// Lends arguments as libpq takes them: texts that end in zero, or a null pointer for NULL.
    private static func withTexts<Result>(
        _ arguments: [SQLValue],
        _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
    ) -> Result {
        var bytes: [CChar] = []
        var starts: [Int?] = []
        for argument in arguments {
            guard let text = argument.postgresText else {
                starts.append(nil)
                continue
            }
            starts.append(bytes.count)
            bytes.append(contentsOf: text.utf8.lazy.map { CChar(bitPattern: $0) })
            bytes.append(0)
        }
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            let pointers =
                unsafe starts.map { start in
                    unsafe start.flatMap { offset in unsafe buffer.baseAddress.map { unsafe $0 + offset } }
                } + [nil]
            return unsafe pointers.withUnsafeBufferPointer { pointers in
                guard let base = pointers.baseAddress else {
                    preconditionFailure("an array of one element has an address")
                }
                return unsafe body(base)
            }
        }
    }

    private static func rows(_ result: OpaquePointer?) throws(StorageError) -> [SQLRow] {
        let columns = unsafe PQnfields(result)
        var rows: [SQLRow] = []
        unsafe rows.reserveCapacity(Int(PQntuples(result)))
        for row in unsafe 0..<PQntuples(result) {
            var values: [SQLValue] = []
            values.reserveCapacity(Int(columns))
            for column in 0..<columns { unsafe values.append(try value(result, row, column)) }
            rows.append(SQLRow(values))
        }
        return rows
    }

    private static func value(
        _ result: OpaquePointer?,
        _ row: Int32,
        _ column: Int32
    ) throws(StorageError) -> SQLValue {
        guard unsafe PQgetisnull(result, row, column) == 0, let start = unsafe PQgetvalue(result, row, column) else {
            return .null
        }
        let length = unsafe Int(PQgetlength(result, row, column))
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: length)
        let text = unsafe String(decoding: bytes, as: UTF8.self)
        // The types' numbers are those of pg_type.
        switch unsafe PQftype(result, column) {
        case 1_700: return Int64(text).map(SQLValue.integer) ?? .text(text)
        case 20, 21, 23:
            guard let integer = Int64(text) else { throw .corrupt("'\(text.prefix(20))' is no integer of 64 bits") }
            return .integer(integer)
        case 17: return unsafe .blob(try hex(bytes))
        default: return .text(text)
        }
    }

    /// The bytes of `\x…`.
    private static func hex(_ text: UnsafeRawBufferPointer) throws(StorageError) -> [UInt8] {
        func digit(_ byte: UInt8) -> UInt8 { byte < 0x3A ? byte &- 0x30 : byte &- 0x57 }
        guard text.count >= 2, text.count % 2 == 0 else { throw .corrupt("bytes are not in PostgreSQL's hex form") }
        return stride(from: 2, to: text.count, by: 2).map { unsafe digit(text[$0]) << 4 | digit(text[$0 + 1]) }
    }
}

extension SQLValue {
    fileprivate var postgresText: String? {
        switch self {
        case .null: return nil
        case .integer(let value): return String(value)
        case .text(let text): return text
        case .units(let units): return units.description
        case .blob(let bytes):
            return unsafe String(unsafeUninitializedCapacity: 2 + 2 * bytes.count) { text in
                func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
                unsafe (text[0], text[1]) = (UInt8(ascii: "\\"), UInt8(ascii: "x"))
                for (index, byte) in bytes.enumerated() {
                    unsafe text[2 + 2 * index] = digit(byte >> 4)
                    unsafe text[3 + 2 * index] = digit(byte & 15)
                }
                return 2 + 2 * bytes.count
            }
        }
    }
}
