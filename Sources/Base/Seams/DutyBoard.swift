import Synchronization

/// How one duty of the gateway stands, in our own words: everybody can read it.
package struct DutyState: Hashable, Sendable {
    /// What a duty does at present, in one word.
    package enum Word: String, Hashable, Sendable, CaseIterable {
        /// It is being done.
        case running
        /// It was done, or never begun, and is not being done.
        case waiting
        /// It failed the last time.
        case failing
        /// Another gateway on the same database does it.
        case elsewhere
    }

    /// Whether it is being done now.
    package var isRunning = false
    /// Whether another gateway does it.
    package var isElsewhere = false
    /// Since when it fails; nil when it was done the last time.
    package var failingSince: Timestamp?
    /// How often it has failed in a row.
    package var failures = 0
    /// The kinds of what failed the last time, without words of a peer.
    package var causes: [String] = []
    /// When it was last done; nil when it never was.
    package var lastSuccess: Timestamp?

    /// A duty that was never begun.
    package init() {}

    /// What it does, in one word: a failure stays visible while the duty is tried again.
    package var word: Word {
        if failingSince != nil { return .failing }
        if isElsewhere { return .elsewhere }
        return isRunning ? .running : .waiting
    }
}

/// Shows how the duties of the gateway stand; what they do is decided elsewhere.
///
/// It is kept in memory, for the status pages and the operator.
package final class DutyBoard: Sendable {
    private let states = Mutex<[String: DutyState]>([:])

    /// A board without duties.
    package init() {}

    /// Shows how a duty stands now.
    package func show(_ state: DutyState, of duty: String) { states.withLock { $0[duty] = state } }

    /// Shows that a duty has ended because the gateway stops, neither done nor failed.
    package func stop(_ duty: String) { states.withLock { $0[duty]?.isRunning = false } }

    /// Every duty that was ever begun, by name.
    package var all: [(name: String, state: DutyState)] {
        states.withLock { $0.sorted { $0.key < $1.key }.map { (name: $0.key, state: $0.value) } }
    }

    /// The names of the duties that are being done.
    package var running: [String] { all.filter(\.state.isRunning).map(\.name) }
}
