import Providers
import Synchronization

/// How many numbers of each wallet may be under way: one at first, twice as many with each that the chain has taken, up to
/// the lane's limit, and one again when the wallet is held.
///
/// Numbers under way are signed and cannot be taken back. When somebody else signs with the same key, for example a
/// gateway on an old copy of the database, the first number shows it before others are signed. Each process begins
/// anew, because a copy does not know that it is one.
final class LaneWindows: Sendable {
    private let windows = Mutex<[String: Int]>([:])

    /// How many numbers of a lane may be under way.
    func width(of lane: Lane) -> Int { min(lane.limit, windows.withLock { $0[lane.name] ?? 1 }) }

    /// Notes that the chain has taken a number of ours.
    func widen(_ lane: Lane) {
        windows.withLock { $0[lane.name] = min(lane.limit, 2 * ($0[lane.name] ?? 1)) }
    }

    /// Notes that the wallet is held.
    func close(_ lane: Lane) { windows.withLock { $0[lane.name] = nil } }
}
