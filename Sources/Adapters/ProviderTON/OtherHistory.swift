import Seams
import Synchronization
import TON

/// A history of an account that a node shows, and of which the newest that was read is no part.
struct OtherHistory: Sendable {
    /// What was read.
    let known: ScanLocator
    /// The account's last chain transaction.
    let head: ChainPlace
    /// Its chain transactions, the newest first, at least back to the moment of the common place.
    let steps: [AccountStep]
    /// The newest place that was read and is part of it; none when there is none.
    let common: ScanLocator.Place?
    /// When the common place was, by the block's clock, in seconds since 1970.
    let moment: UInt32

    /// Whether it ends before what was read, as that of a node that lags does.
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

/// Since when nodes show other histories than those that were read.
///
/// Only in memory: a process that is started anew waits anew.
final class Contradictions: Sendable {
    private static let maximumCount = 100_000

    private let known = Mutex<[TONAddress: (head: ChainPlace, since: Timestamp)]>([:])

    /// Since when an account has this history, in which only more has happened since.
    func begin(of other: OtherHistory, at account: TONAddress, now: Timestamp) -> Timestamp {
        known.withLock { known in
            if let seen = known[account], other.contains(seen.head) { return seen.since }
            if known.count >= Self.maximumCount { known.removeAll() }
            known[account] = (other.head, now)
            return now
        }
    }

    /// The account's history is the one that was read.
    func forget(_ account: TONAddress) { known.withLock { _ = $0.removeValue(forKey: account) } }
}
