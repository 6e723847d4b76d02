import Seams
import Synchronization

/// What duties remember from one time to the next: when they began, how far a round got, and which differences were
/// found.
///
/// A new process begins again.
final class DutyMemory: Sendable {
    private struct Content {
        var last: [String: Timestamp] = [:]
        var reached: [String: String] = [:]
        var differences: [String: [String: String]] = [:]
    }

    private let content = Mutex(Content())

    /// Whether a duty was not begun within the interval; it counts as begun then.
    func begin(_ duty: String, at now: Timestamp, interval: Duration) -> Bool {
        content.withLock { content in
            if let last = content.last[duty], now.since(last) < interval { return false }
            content.last[duty] = now
            return true
        }
    }

    /// The account that a round ended with.
    func reached(_ round: String) -> String { content.withLock { $0.reached[round] ?? "" } }

    /// Notes what was found, and says whether it is what was found before.
    func note(_ differences: [String: String], of name: String) -> Bool {
        content.withLock { content in
            defer { content.differences[name] = differences }
            return content.differences[name] == differences
        }
    }

    func set(_ account: String, of round: String) { content.withLock { $0.reached[round] = account } }
}
