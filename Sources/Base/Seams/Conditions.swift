import Synchronization

/// The current problems of the gateway, as shown by `/readyz` and `/metrics`.
///
/// The code that notices a condition raises it under a name, and clears it when it is over. Raising it again changes
/// its sentence, but not its beginning. Conditions are kept in memory. One that has to survive a restart (a wallet that
/// must not sign) is stored elsewhere, and raised again from there.
package final class Conditions: Sendable {
    /// How far a condition limits the gateway.
    package enum Severity: Hashable, Sendable {
        /// Nothing can be served: `/readyz` answers 503.
        case blocking
        /// A part is missing, and everything else is served.
        case degraded
    }

    /// A problem of the gateway.
    package struct Condition: Hashable, Sendable {
        /// Its name in lower case, the kind first: `storage`, `clock`, `scan ton-mainnet`, `wallet evm-hot`.
        package let name: String
        /// How far it limits the gateway.
        package let severity: Severity
        /// The problem and what to do about it, in our own words.
        ///
        /// Everybody can read it, so it contains no words of a peer.
        package let sentence: String
        /// When it began.
        package let since: Timestamp

        /// A condition.
        package init(name: String, severity: Severity, sentence: String, since: Timestamp) {
            self.name = name
            self.severity = severity
            self.sentence = sentence
            self.since = since
        }
    }

    private let raised = Mutex<[String: Condition]>([:])

    /// A gateway without conditions.
    package init() {}

    /// Raises a condition.
    ///
    /// - Returns: whether it is new, so that it can be logged once.
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

    /// Clears a condition.
    ///
    /// - Returns: the condition; nil when it was not raised.
    @discardableResult
    package func clear(_ name: String) -> Condition? { raised.withLock { $0.removeValue(forKey: name) } }

    /// All conditions, ordered by name.
    package var all: [Condition] { raised.withLock { $0.values.sorted { $0.name < $1.name } } }
}
