import Seams
import Storage
import Synchronization

/// A database that cuts a worker off where a test wants it, as when its process dies.
final class StoppingDatabase: Database {
    /// The fate of a unit of work.
    enum Fate {
        case done
        /// The worker died before it.
        case lost
        /// It was committed, and the worker died before it knew.
        case unanswered
    }

    private struct Died: Error {}

    private let inner: any Database
    private let fate: Mutex<@Sendable () -> Fate> = Mutex { .done }

    init(_ inner: any Database) { self.inner = inner }

    /// Sets the closure that decides the fate of each unit of work.
    func decide(_ body: @escaping @Sendable () -> Fate) { fate.withLock { $0 = body } }

    func read<Value: Sendable>(_ body: @escaping @Sendable (any SQLSession) throws -> Value) async throws -> Value {
        try await inner.read(body)
    }

    func write<Value: Sendable>(
        in scope: WriteScope,
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        let fate = fate.withLock { $0 }()
        if fate == .lost { throw Died() }
        let value = try await inner.write(in: scope, body)
        if fate == .unanswered { throw Died() }
        return value
    }

    func durability() async throws -> String { try await inner.durability() }
    var isShared: Bool { inner.isShared }
    var isReplaced: Bool { inner.isReplaced }
    var commitCount: Int? { inner.commitCount }
    func calls(for work: StoredWork) -> AsyncStream<Void> { inner.calls(for: work) }
    func statedTime() async throws -> Timestamp? { try await inner.statedTime() }
    func close() async throws { try await inner.close() }
}
