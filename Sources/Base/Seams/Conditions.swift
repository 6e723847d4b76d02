import Synchronization

/// What is wrong with the gateway at the moment: the board that `/readyz`, `/metrics` and the operator read.
///
/// Whoever notices a condition raises it under a name, and clears it when it is over. Raising it again changes its
/// sentence and keeps the moment since which it holds. The board is kept in memory: what has to survive a restart (a
/// wallet that must not sign) is stored, and raised again from there.
package final class Conditions: Sendable {
    /// How much a condition keeps the gateway from doing.
    package enum Severity: Hashable, Sendable {
        /// Nothing can be served: `/readyz` answers 503.
        case blocking
        /// A part is missing, and everything else is served.
        case degraded
    }

    /// Something that is wrong.
    package struct Condition: Hashable, Sendable {
        /// What it is about, in lower case, the kind first: `storage`, `clock`, `scan ton-mainnet`, `wallet evm-hot`.
        package let name: String
        /// How much it keeps the gateway from doing.
        package let severity: Severity
        /// What is wrong and what to do, in our own words.
        ///
        /// Everybody can read it, so it holds nothing that a peer said.
        package let sentence: String
        /// Since when.
        package let since: Timestamp

        /// Something that has been wrong since a moment.
        package init(name: String, severity: Severity, sentence: String, since: Timestamp) {
            self.name = name
            self.severity = severity
            self.sentence = sentence
            self.since = since
        }
    }

    private let raised = Mutex<[String: Condition]>([:])

    /// A board with nothing on it.
    package init() {}

    /// Puts a condition on the board.
    ///
    /// - Returns: whether it is new there, so that it can be logged once.
    @discardableResult
    package func raise(_ name: String, _ severity: Severity, _ sentence: String, at now: Timestamp) -> Bool {
        raised.withLock { raised in
            let earlier = raised[name]
            raised[name] = Condition(
                name: name,
                severity: severity,
                sentence: sentence,
                since: earlier?.since ?? now
            )
            return earlier == nil
        }
    }

    /// Takes a condition off the board.
    ///
    /// - Returns: the condition; nil when it was not there.
    @discardableResult
    package func clear(_ name: String) -> Condition? { raised.withLock { $0.removeValue(forKey: name) } }

    /// Everything that is wrong, by name.
    package var all: [Condition] { raised.withLock { $0.values.sorted { $0.name < $1.name } } }
}
