import Seams
import Synchronization
import TON

/// An account's history, as a node shows it, that does not contain the newest place that was read.
struct OtherHistory: Sendable {
    /// The cursor of what was read before.
    let known: ScanLocator
    /// The account's last chain transaction.
    let head: ChainPlace
    /// Its chain transactions, the newest first, at least back to the moment of the common place.
    let steps: [AccountStep]
    /// The newest place that both histories have; nil when there is none.
    let common: ScanLocator.Place?
    /// The time of the common place by the block's clock, in seconds since 1970.
    let moment: UInt32

    /// Whether it ends before the newest place that was read, as with a lagging node.
    var isBehind: Bool { head.lt < known.newest.lt }

    var since: Timestamp { Timestamp(seconds: Int64(moment)) }

    func contains(_ place: ChainPlace) -> Bool {
        place.lt == 0 || place == head || steps.contains { ChainPlace($0) == place }
    }
}

extension ToncenterClient.AccountState {
    /// The account's last chain transaction.
    var last: ChainPlace { ChainPlace(lt: lastLT, hash: lastHash) }
}

/// The moments since which nodes have shown other histories than those that were read.
///
/// They are kept in memory: a new process waits anew.
final class Contradictions: Sendable {
    private static let maximumCount = 100_000

    private let known = Mutex<[TONAddress: (head: ChainPlace, since: Timestamp)]>([:])

    /// The moment since which an account has had this history; it may have grown since.
    func begin(of other: OtherHistory, at account: TONAddress, now: Timestamp) -> Timestamp {
        known.withLock { known in
            if let seen = known[account], other.contains(seen.head) { return seen.since }
            if known.count >= Self.maximumCount { known.removeAll() }
            known[account] = (other.head, now)
            return now
        }
    }

    /// Notes that an account's history is the one that was read.
    func forget(_ account: TONAddress) { known.withLock { _ = $0.removeValue(forKey: account) } }
}
