import Synchronization

/// How the duties of the gateway stand: which are being done, which fail since when, and when each was last done.
///
/// It is kept in memory, for `/metrics` and the operator.
package final class DutyBoard: Sendable {
    /// How one duty stands.
    package struct State: Hashable, Sendable {
        /// Whether it is being done now.
        package internal(set) var isRunning = false
        /// Since when it fails; nil when it was done the last time.
        package internal(set) var failingSince: Timestamp?
        /// How often it has failed in a row.
        package internal(set) var failures = 0
        /// When it was last done; nil when it never was.
        package internal(set) var lastSuccess: Timestamp?
    }

    private let states = Mutex<[String: State]>([:])

    /// A board without duties.
    package init() {}

    /// Notes that a duty is being done.
    package func begin(_ duty: String) { states.withLock { $0[duty, default: State()].isRunning = true } }

    /// Notes that a duty was done, or has failed.
    package func end(_ duty: String, failed: Bool, at now: Timestamp) {
        states.withLock { states in
            var state = states[duty] ?? State()
            state.isRunning = false
            if failed {
                state.failures += 1
                state.failingSince = state.failingSince ?? now
            } else {
                (state.failures, state.failingSince, state.lastSuccess) = (0, nil, now)
            }
            states[duty] = state
        }
    }

    /// Notes that a duty is not being done any more, and was neither done nor has failed.
    package func stop(_ duty: String) { states.withLock { $0[duty]?.isRunning = false } }

    /// Every duty that was ever begun, by name.
    package var all: [(name: String, state: State)] {
        states.withLock { $0.sorted { $0.key < $1.key }.map { (name: $0.key, state: $0.value) } }
    }
}
