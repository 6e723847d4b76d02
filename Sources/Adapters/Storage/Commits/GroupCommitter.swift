import Dispatch
import Glibc
import Records
import Synchronization

/// Commits units of work in groups: units that come while a group is being written share the next one.
///
/// A durable commit costs one sync of the disk, for one unit as for many. When a member fails, the group is rolled back
/// and run again with a savepoint for each, so that the failure affects no other member. Each is answered after the
/// commit.
package final class GroupCommitter: Sendable {
    /// The most units that share a commit.
    private static let groupLimit = 256
    /// How often a unit is run again after a conflict.
    private static let attemptLimit = 5

    /// A unit of work and how its caller is answered.
    private struct Member: Sendable {
        /// Runs the unit and keeps its value; the caller gets the error that it throws.
        let run: @Sendable (any SQLSession) throws -> Void
        /// Answers the caller: with the kept value, or with an error.
        let answer: @Sendable ((any Error)?) -> Void
        /// How many runs ended in a conflict.
        var attempts = 0
    }

    private struct State {
        var queue: [Member] = []
        var isRunning = false
        var isClosed = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let connection: any GroupWriter
    private let writer = DispatchQueue(label: "settlegate.storage.writer")
    private let state = Mutex(State())

    package init(_ connection: any GroupWriter) {
        self.connection = connection
    }

    package func submit<Value: Sendable>(
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
    package func close() async {
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
        var last = 0
        while true {
            gather(atLeast: last / 2)
            let group = state.withLock { state in
                let group = Array(state.queue.prefix(Self.groupLimit))
                state.queue.removeFirst(group.count)
                if group.isEmpty { state.isRunning = false }
                return group
            }
            last = group.count
            guard !group.isEmpty else { break }
            commit(group)
        }
        let waiters = state.withLock { state in
            defer { state.waiters = [] }
            return state.isRunning ? [] : state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits for the callers that the last commit answered, so that the next one does not sync for the first of them
    /// alone; the wait is short beside a sync.
    private func gather(atLeast count: Int) {
        var patience = count > 1 ? 10 : 0
        while patience > 0, state.withLock({ $0.queue.count < count }) {
            usleep(50)
            patience -= 1
        }
    }

    private func commit(_ group: [Member]) {
        var failures = [(any Error)?](repeating: nil, count: group.count)
        do {
            try connection.withConnection { connection in
                do {
                    try connection.begin()
                    if !runTogether(group, on: connection) {
                        connection.rollback()
                        try connection.begin()
                        for (index, member) in group.enumerated() {
                            failures[index] = try runApart(member, on: connection)
                        }
                    }
                    try connection.commit()
                    connection.session.group.keepNumbers()
                } catch {
                    connection.rollback()
                    throw error
                }
            }
        } catch {
            for index in failures.indices where failures[index] == nil { failures[index] = error }
        }
        for (member, failure) in zip(group, failures) { end(member, with: failure) }
    }

    /// Answers a member, or has it run again after a conflict.
    private func end(_ member: Member, with failure: (any Error)?) {
        guard (failure as? StorageError)?.code == .conflict, member.attempts < Self.attemptLimit else {
            return member.answer(failure)
        }
        var again = member
        again.attempts += 1
        enqueue(again)
    }

    /// Runs all members without savepoints, which cost a copy of every page that is changed between them.
    ///
    /// - Returns: whether none failed; when one did, everything has to be rolled back and run apart.
    private func runTogether(_ group: [Member], on connection: any WritingConnection) -> Bool {
        do {
            for member in group { try member.run(connection.session) }
            try connection.session.finishGroup()
            return !connection.hasFailedTransaction
        } catch { return false }
    }

    /// Runs one member in a savepoint.
    ///
    /// - Throws: when the savepoint itself fails, which ends the whole group.
    /// - Returns: the error of the member; nil when it has none.
    private func runApart(_ member: Member, on connection: any WritingConnection) throws -> (any Error)? {
        try connection.beginMember()
        do {
            try member.run(connection.session)
            try connection.session.finishGroup()
            try connection.keepMember()
            return nil
        } catch {
            try connection.rollbackMember()
            connection.session.group.forget()
            return error
        }
    }
}

/// Where a unit of work leaves its value until it is committed.
private final class KeptValue<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}
