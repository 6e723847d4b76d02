import Providers
import Synchronization

/// How many numbers of each wallet may wait for a block, and what was last seen of the wallet.
///
/// A number that waits is signed and cannot be taken back. A process begins with one, and not with the lane's limit,
/// although books and chain may agree: they also agree for a gateway that runs on a copy of the database beside the
/// one that it was copied from, and a copy does not know that it is one. Both would sign what was waiting when the copy
/// was made, and pay it twice, as many times as numbers wait. While one number waits, the chain chooses between the
/// two: either a block has our request, and the other gateway finds its number taken by a stranger, or the reverse. A
/// block is enough for that, and nobody has to wait until it is final: somebody else's request with the number is in
/// the same blocks. So the first request of this process that a block shows opens the window as wide as the lane
/// allows.
///
/// A number that was taken while no node shows our request closes the window to one again, and so does a hold of the
/// wallet. Requests that nodes have dropped halve it, and each that a block shows then widens it by one.
final class LaneWindows: Sendable {
    private struct Window {
        /// How many numbers may wait for a block.
        var width = 1
        /// Whether a block has shown a request of this process since the window was closed.
        var isOpen = false
        /// The numbers that this process has signed and no block has shown yet.
        var unseen: Set<Int64> = []
        /// The last view of the chain; nil before the first.
        var view: LaneView?

        /// A block has shown a request of this process.
        mutating func see(limit: Int) {
            width = isOpen ? min(limit, width + 1) : limit
            isOpen = true
        }

        mutating func close() { (width, isOpen) = (1, false) }
    }

    private let windows = Mutex<[String: Window]>([:])

    /// How many numbers of a lane may wait for a block.
    func width(of lane: Lane) -> Int { min(lane.limit, windows.withLock { $0[lane.name]?.width ?? 1 }) }

    /// The lowest number that may wait for a block, as far as was seen: numbers below it are in blocks.
    func firstWaiting(in lane: Lane) -> Int64 { windows.withLock { $0[lane.name]?.view?.takenBelow ?? 0 } }

    /// The numbers of which this process wants to see its requests in a block.
    func unseen(in lane: Lane) -> Set<Int64> { windows.withLock { $0[lane.name]?.unseen ?? [] } }

    /// Notes that this process has signed numbers.
    func sign(_ numbers: Set<Int64>, in lane: Lane) {
        windows.withLock { $0[lane.name, default: Window()].unseen.formUnion(numbers) }
    }

    /// Takes a view of the chain.
    ///
    /// - Parameters:
    ///   - view: the view.
    ///   - lane: the lane.
    ///   - asked: the numbers about whose requests it was asked.
    ///   - dropped: whether nodes no longer keep a request that they had.
    /// - Returns: below which number everything was taken for good by the view before this one.
    func take(_ view: LaneView, of lane: Lane, asked: Set<Int64>, dropped: Bool) -> Int64 {
        windows.withLock { windows in
            var window = windows[lane.name] ?? Window()
            defer { windows[lane.name] = window }
            let before = window.view?.decidedBelow ?? 0
            window.view = view
            let taken = asked.intersection(window.unseen).filter { $0 < view.takenBelow }
            for _ in taken.intersection(view.shown) { window.see(limit: lane.limit) }
            if !taken.isSubset(of: view.shown) { window.close() }
            if dropped { window.width = max(1, window.width / 2) }
            // What is no longer under way is told by its fate.
            window.unseen = window.unseen.filter { $0 >= view.takenBelow || taken.contains($0) }.subtracting(view.shown)
            return before
        }
    }

    /// Notes that a request of ours with a number is in a final block.
    func prove(_ number: Int64, in lane: Lane) {
        windows.withLock { windows in
            guard windows[lane.name]?.unseen.remove(number) != nil else { return }
            windows[lane.name]?.see(limit: lane.limit)
        }
    }

    /// Notes that the wallet is held.
    func close(_ lane: Lane) {
        windows.withLock { windows in
            windows[lane.name]?.close()
            windows[lane.name]?.unseen = []
        }
    }
}
