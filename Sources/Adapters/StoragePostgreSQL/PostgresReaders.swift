import Dispatch
import Storage
import Synchronization

/// A connection that reads, on a thread of its own.
final class PostgresReader: Sendable {
    private let queue = DispatchQueue(label: "settlegate.storage.reader")
    private let connection: Mutex<PostgresConnection>

    init(settings: String, lineage: PostgresLineage) {
        connection = Mutex(PostgresConnection(settings: settings, lineage: lineage))
    }

    /// Reads in one snapshot; a connection that was lost is made again, once.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async {
                continuation.resume(
                    with: Result { try self.connection.withLock { try Self.read(on: $0, body) } }
                )
            }
        }
    }

    private static func read<Value>(
        on connection: PostgresConnection,
        _ body: (any SQLSession) throws -> Value
    ) throws -> Value {
        func attempt() throws -> Value {
            do {
                try connection.enqueue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                let value = try body(PostgresSession(connection))
                // The end of a transaction that only reads need not be waited for.
                try connection.enqueue("COMMIT")
                connection.flush()
                return value
            } catch {
                connection.rollBack()
                throw error
            }
        }
        do { return try attempt() } catch  where !connection.isAlive { return try attempt() }
    }

    func disconnect() { connection.withLock { $0.disconnect() } }
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
