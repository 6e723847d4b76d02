import Synchronization

/// The source of time, which is passed in everywhere, so that a run can be repeated.
package protocol WallClock: Sendable {
    /// The current moment.
    func now() -> Timestamp
    /// Waits for `duration`.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while it waits.
    func sleep(for duration: Duration) async throws
    /// Compares the clock with a witness's statement, if the clock can be in doubt.
    ///
    /// - Parameters:
    ///   - stated: a moment that has already come.
    ///   - name: the name of the witness, for people.
    ///   - witness: the kind of witness.
    func observe(_ stated: Timestamp, from name: String, as witness: ClockWitness)
    /// The doubt about the machine's clock; nil when there is none.
    var doubt: ClockDoubt? { get }
}

extension WallClock {
    /// Most clocks are right by definition.
    package func observe(_ stated: Timestamp, from name: String, as witness: ClockWitness) {}
    /// Most clocks are right by definition.
    package var doubt: ClockDoubt? { nil }

    /// Whether decisions can be made by the time of day.
    package var knowsTheTime: Bool { doubt?.leavesTimeOpen != true }
}

/// A clock that stands still until it is moved.
///
/// Sleepers wake when the clock reaches their moment, in order of (moment, order of arrival).
package final class ManualClock: WallClock {
    private struct Sleeper {
        let deadline: Timestamp
        let order: UInt64
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now: Timestamp
        var nextOrder: UInt64 = 0
        var sleepers: [UInt64: Sleeper] = [:]
    }

    private let state: Mutex<State>

    /// A clock that shows `start`.
    package init(_ start: Timestamp) {
        state = Mutex(State(now: start))
    }

    /// The moment that the clock was last moved to.
    package func now() -> Timestamp {
        state.withLock { $0.now }
    }

    /// The number of tasks that wait for the clock.
    package var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Moves the clock, also back, and wakes the tasks whose moment has come.
    package func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let due = state.sleepers.values.filter { $0.deadline <= state.now }
                .sorted { ($0.deadline, $0.order) < ($1.deadline, $1.order) }
            for sleeper in due { state.sleepers[sleeper.order] = nil }
            return due
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    /// Waits until somebody has moved the clock by `duration`.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while it waits.
    package func sleep(for duration: Duration) async throws {
        let order = state.withLock { state in
            state.nextOrder += 1
            return state.nextOrder
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                register(continuation, order: order, for: duration)
            }
        } onCancel: {
            let sleeper = state.withLock { $0.sleepers.removeValue(forKey: order) }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    private func register(_ continuation: CheckedContinuation<Void, any Error>, order: UInt64, for duration: Duration) {
        let isDue = state.withLock { state in
            guard duration > .zero, !Task.isCancelled else { return true }
            state.sleepers[order] = Sleeper(
                deadline: state.now.advanced(by: duration),
                order: order,
                continuation: continuation
            )
            return false
        }
        guard isDue else { return }
        continuation.resume(with: Task.isCancelled ? .failure(CancellationError()) : .success(()))
    }
}
