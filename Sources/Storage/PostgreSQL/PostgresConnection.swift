import CPostgres

/// A connection to PostgreSQL over libpq; used by one thread at a time.
final class PostgresConnection {
    /// What went wrong, by the server's code (SQLSTATE).
    private enum Class {
        static let constraint = "23"
        static let again: Set<String> = ["40001", "40P01"]
    }

    private let settings: String
    private var connection: OpaquePointer?
    private var prepared: [String: String] = [:]

    /// A connection that is made when it is first used.
    ///
    /// - Parameter settings: libpq's connection string, which may name several hosts and `target_session_attrs`.
    init(settings: String) {
        self.settings = settings
    }

    deinit { disconnect() }

    func disconnect() {
        if let connection { PQfinish(connection) }
        connection = nil
        prepared = [:]
    }

    /// Whether a statement of the running transaction has failed, so that only a rollback can end it.
    var hasFailedTransaction: Bool { connection.map { PQtransactionStatus($0) == PQTRANS_INERROR } ?? false }

    /// Whether the server answered the last time.
    var isAlive: Bool { connection.map { PQstatus($0) == CONNECTION_OK } ?? false }

    private func connected() throws(StorageError) -> OpaquePointer {
        if let connection, PQstatus(connection) == CONNECTION_OK { return connection }
        disconnect()
        guard let made = PQconnectdb(settings) else { throw StorageError(.unavailable, "libpq has no memory") }
        guard PQstatus(made) == CONNECTION_OK else {
            let reason = String(cString: PQerrorMessage(made))
            PQfinish(made)
            throw StorageError(.unavailable, "PostgreSQL cannot be reached: \(Self.line(reason))")
        }
        PQsetNoticeProcessor(made, { _, _ in }, nil)
        connection = made
        return made
    }

    /// Runs a statement without arguments.
    ///
    /// - Returns: what the server says that it did, for example `COMMIT`.
    @discardableResult
    func run(_ sql: String) throws(StorageError) -> String {
        let connection = try connected()
        let result = PQexec(connection, sql)
        defer { PQclear(result) }
        try check(result)
        return PQcmdStatus(result).map { String(cString: $0) } ?? ""
    }

    /// Runs a statement with the arguments `$1`, `$2`, …; it is prepared once and kept.
    ///
    /// - Returns: the rows, and how many rows were changed.
    func run(_ sql: String, _ arguments: [SQLValue]) throws(StorageError) -> (rows: [SQLRow], changed: Int) {
        for case .text(let text) in arguments where text.utf8.contains(0) {
            throw StorageError(.constraint, "PostgreSQL keeps no text with a zero in it")
        }
        let connection = try connected()
        let name = try statement(sql, on: connection)
        let result = Self.withTexts(arguments) { texts in
            PQexecPrepared(connection, name, Int32(arguments.count), texts, nil, nil, 0)
        }
        defer { PQclear(result) }
        try check(result)
        let changed = PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0
        return (try Self.rows(result), changed)
    }

    private func statement(_ sql: String, on connection: OpaquePointer) throws(StorageError) -> String {
        if let name = prepared[sql] { return name }
        let name = "s\(prepared.count)"
        let result = PQprepare(connection, name, sql, 0, nil)
        defer { PQclear(result) }
        try check(result)
        prepared[sql] = name
        return name
    }

    private func check(_ result: OpaquePointer?) throws(StorageError) {
        let status = PQresultStatus(result)
        guard status != PGRES_COMMAND_OK, status != PGRES_TUPLES_OK else { return }
        let code = PQresultErrorField(result, 67).map { String(cString: $0) } ?? ""
        let message = PQresultErrorField(result, 77).map { String(cString: $0) } ?? "the connection was lost"
        let reason = "PostgreSQL: \(Self.line(message)) (\(code))"
        guard !Class.again.contains(code) else { throw StorageError(.conflict, reason) }
        throw StorageError(code.hasPrefix(Class.constraint) ? .constraint : .unavailable, reason)
    }

    private static func line(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).first.map { String($0) } ?? ""
    }

    // MARK: - Values

    /// Lends arguments as libpq takes them: texts that end in zero, or nothing for NULL.
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
        return bytes.withUnsafeBufferPointer { buffer in
            let pointers =
                starts.map { start in start.flatMap { offset in buffer.baseAddress.map { $0 + offset } } } + [nil]
            return pointers.withUnsafeBufferPointer { pointers in
                guard let base = pointers.baseAddress else {
                    preconditionFailure("an array of one element has an address")
                }
                return body(base)
            }
        }
    }

    private static func rows(_ result: OpaquePointer?) throws(StorageError) -> [SQLRow] {
        let columns = PQnfields(result)
        var rows: [SQLRow] = []
        rows.reserveCapacity(Int(PQntuples(result)))
        for row in 0..<PQntuples(result) {
            var values: [SQLValue] = []
            values.reserveCapacity(Int(columns))
            for column in 0..<columns { values.append(try value(result, row, column)) }
            rows.append(SQLRow(values))
        }
        return rows
    }

    private static func value(
        _ result: OpaquePointer?,
        _ row: Int32,
        _ column: Int32
    ) throws(StorageError) -> SQLValue {
        guard PQgetisnull(result, row, column) == 0, let start = PQgetvalue(result, row, column) else { return .null }
        let length = Int(PQgetlength(result, row, column))
        let bytes = UnsafeRawBufferPointer(start: start, count: length)
        let text = String(decoding: bytes, as: UTF8.self)
        // The types' numbers are those of pg_type.
        switch PQftype(result, column) {
        case 20, 21, 23, 1_700:
            guard let integer = Int64(text) else { throw .corrupt("'\(text.prefix(20))' is no integer of 64 bits") }
            return .integer(integer)
        case 17: return .blob(try hex(bytes))
        default: return .text(text)
        }
    }

    /// The bytes of `\x…`.
    private static func hex(_ text: UnsafeRawBufferPointer) throws(StorageError) -> [UInt8] {
        func digit(_ byte: UInt8) -> UInt8 { byte < 0x3A ? byte &- 0x30 : byte &- 0x57 }
        guard text.count >= 2, text.count % 2 == 0 else { throw .corrupt("bytes are not in PostgreSQL's hex form") }
        return stride(from: 2, to: text.count, by: 2).map { digit(text[$0]) << 4 | digit(text[$0 + 1]) }
    }
}

extension SQLValue {
    fileprivate var postgresText: String? {
        switch self {
        case .null: return nil
        case .integer(let value): return String(value)
        case .text(let text): return text
        case .blob(let bytes):
            let digits = Array("0123456789abcdef".utf8)
            var text = Array("\\x".utf8)
            text.reserveCapacity(2 + 2 * bytes.count)
            for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
            return String(decoding: text, as: UTF8.self)
        }
    }
}
