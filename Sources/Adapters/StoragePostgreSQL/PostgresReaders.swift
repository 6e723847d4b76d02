import Dispatch
import Storage
import Synchronization

/// A connection for reading, and the session that keeps what is written once and never changed.
private final class PostgresReading {
    let connection: PostgresConnection
    let session: PostgresSession

    init(settings: String, lineage: PostgresLineage) {
        connection = PostgresConnection(settings: settings, lineage: lineage)
        session = PostgresSession(connection)
    }
}

/// A connection that reads, on a thread of its own.
final class PostgresReader: Sendable {
    private let queue = DispatchQueue(label: "settlegate.storage.reader")
    private let reading: Mutex<PostgresReading>

    init(settings: String, lineage: PostgresLineage) {
        reading = Mutex(PostgresReading(settings: settings, lineage: lineage))
    }

    /// Reads in one snapshot; a connection that was lost is made again, once.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async {
                continuation.resume(
                    with: Result { try self.reading.withLock { try Self.read(on: $0, body) } }
                )
            }
        }
    }

    private static func read<Value>(
        on reading: PostgresReading,
        _ body: (any SQLSession) throws -> Value
    ) throws -> Value {
        let (connection, session) = (reading.connection, reading.session)
        func attempt() throws -> Value {
            // The rows that the previous read has cached may have changed since.
            session.group.forget()
            do {
                try connection.enqueue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                let value = try body(session)
                // The end of a transaction that only reads need not be waited for.
                try connection.enqueue("COMMIT")
                connection.flush()
                // Numbers that were read in a committed state are never changed.
                session.group.keepNumbers()
                return value
            } catch {
                connection.rollBack()
                throw error
            }
        }
        do { return try attempt() } catch  where !connection.isAlive { return try attempt() }
    }

    func disconnect() { reading.withLock { $0.connection.disconnect() } }
}

/// Readers that are lent one at a time, so that a long read holds up nobody while another reader is free.
final class PostgresReaders: Sendable {
    private struct State {
        var idle: [PostgresReader]
        var waiting: [CheckedContinuation<PostgresReader, Never>] = []
    }

    private let all: [PostgresReader]
    private let state: Mutex<State>

    init(settings: String, count: Int, lineage: PostgresLineage) {
        let readers = (0..<count).map { _ in PostgresReader(settings: settings, lineage: lineage) }
        all = readers
        state = Mutex(State(idle: readers))
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        let reader = await borrow()
        defer { giveBack(reader) }
        return try await reader.read(body)
    }

    func disconnect() {
        for reader in all { reader.disconnect() }
    }

    private func borrow() async -> PostgresReader {
        await withCheckedContinuation { continuation in
            let reader = state.withLock { state -> PostgresReader? in
                if let idle = state.idle.popLast() { return idle }
                state.waiting.append(continuation)
                return nil
            }
            if let reader { continuation.resume(returning: reader) }
        }
    }

    private func giveBack(_ reader: PostgresReader) {
        let next = state.withLock { state -> CheckedContinuation<PostgresReader, Never>? in
            guard !state.waiting.isEmpty else {
                state.idle.append(reader)
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume(returning: reader)
    }
}
