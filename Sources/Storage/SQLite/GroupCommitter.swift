import Dispatch
import GRDB
import Synchronization

/// Commits units of work in groups: whoever comes while a group is being written shares the next one.
///
/// A durable commit costs a sync of the disk; the sync is the same for one unit and for many. Each member runs in a
/// savepoint of its own, so that one that fails takes nobody with it, and is answered after the commit.
final class GroupCommitter: Sendable {
    /// The most units that share a commit.
    private static let groupLimit = 256

    /// A unit of work and how its caller is answered.
    private struct Member: Sendable {
        /// Runs the unit and keeps its value; what it throws is what the caller gets.
        let run: @Sendable (any SQLSession) throws -> Void
        /// Answers the caller: with the kept value, or with an error.
        let answer: @Sendable ((any Error)?) -> Void
    }

    private struct State {
        var queue: [Member] = []
        var isRunning = false
        var isClosed = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let pool: DatabasePool
    private let writer = DispatchQueue(label: "settlegate.storage.writer")
    private let state = Mutex(State())

    init(pool: DatabasePool) {
        self.pool = pool
    }

    func submit<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
            let kept = KeptValue<Value>()
            let member = Member(
                run: { session in
                    let value = try body(session)
                    kept.value.withLock { $0 = value }
                },
                answer: { error in
                    if let error { return continuation.resume(throwing: error) }
                    guard let value = kept.value.withLock({ $0 }) else {
                        return continuation.resume(
                            throwing: StorageError(.outcomeUnknown, "a unit of work left no value")
                        )
                    }
                    continuation.resume(returning: value)
                }
            )
            enqueue(member)
        }
    }

    /// Takes no more units, and waits for those that are under way.
    func close() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                state.isClosed = true
                if state.isRunning { state.waiters.append(continuation) }
                return !state.isRunning
            }
            if isIdle { continuation.resume() }
        }
    }

    private func enqueue(_ member: Member) {
        enum Next { case start, wait, refuse }
        let next: Next = state.withLock { state in
            guard !state.isClosed else { return .refuse }
            state.queue.append(member)
            defer { state.isRunning = true }
            return state.isRunning ? .wait : .start
        }
        switch next {
        case .start: writer.async { self.drain() }
        case .wait: break
        case .refuse: member.answer(StorageError(.unavailable, "the database is closed"))
        }
    }

    private func drain() {
        while true {
            let group = state.withLock { state in
                let group = Array(state.queue.prefix(Self.groupLimit))
                state.queue.removeFirst(group.count)
                if group.isEmpty { state.isRunning = false }
                return group
            }
            guard !group.isEmpty else { break }
            commit(group)
        }
        let waiters = state.withLock { state in
            defer { state.waiters = [] }
            return state.isRunning ? [] : state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    private func commit(_ group: [Member]) {
        var failures = [(any Error)?](repeating: nil, count: group.count)
        var isCommitting = false
        do {
            try pool.writeWithoutTransaction { database in
                try database.beginTransaction(.immediate)
                do {
                    for (index, member) in group.enumerated() { failures[index] = try run(member, in: database) }
                    isCommitting = true
                    try database.commit()
                } catch {
                    if database.isInsideTransaction { try? database.rollback() }
                    throw error
                }
            }
        } catch {
            let reason = "\((error as? DatabaseError).map { "\($0.resultCode)" } ?? "\(error)")"
            let failure = StorageError(
                isCommitting ? .outcomeUnknown : .unavailable,
                isCommitting ? "the commit failed (\(reason)); read back what became of it" : "no commit: \(reason)"
            )
            for index in failures.indices where failures[index] == nil { failures[index] = failure }
        }
        for (member, failure) in zip(group, failures) { member.answer(failure) }
    }

    /// Runs one member in a savepoint.
    ///
    /// - Throws: when the savepoint itself fails, which ends the whole group.
    /// - Returns: what the member threw.
    private func run(_ member: Member, in database: GRDB.Database) throws -> (any Error)? {
        try database.cachedStatement(sql: "SAVEPOINT member").execute()
        do {
            try member.run(SQLiteSession(database))
            try database.cachedStatement(sql: "RELEASE SAVEPOINT member").execute()
            return nil
        } catch {
            try database.cachedStatement(sql: "ROLLBACK TO SAVEPOINT member").execute()
            try database.cachedStatement(sql: "RELEASE SAVEPOINT member").execute()
            return (error as? DatabaseError).map(StorageError.init) ?? error
        }
    }
}

/// Where a unit of work leaves its value until it is committed.
private final class KeptValue<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}
