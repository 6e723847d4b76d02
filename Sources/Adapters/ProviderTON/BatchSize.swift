import Synchronization

/// How many accounts a node is asked for in one question: as many as it takes.
///
/// The accounts stand in the URL, because toncenter's `accountStates` answers GET alone, and the servers in front of a node
/// differ in the longest URL that they take. So the node's own answers decide.
struct BatchSize: Hashable, Sendable {
    /// toncenter takes 1,000 addresses; of more it would answer with the first 1,000 that exist.
    static let most = 1_000
    /// After how many answers a longer question is tried again.
    static let patience = 500

    /// The most accounts of the next question.
    private(set) var count = most
    /// Whether a question of this size was answered.
    private(set) var isProven = false
    private var answers = 0

    /// Counts a question that was answered.
    mutating func answered(_ asked: Int) {
        if asked >= count { isProven = true }
        answers += 1
        guard answers >= Self.patience, count < Self.most else { return }
        (count, isProven, answers) = (min(Self.most, count * 2), false, 0)
    }

    /// Counts a question that was too long.
    mutating func refused(_ asked: Int) {
        // Several of the same size may have been on their way.
        guard asked <= count else { return }
        (count, isProven, answers) = (max(1, asked / 2), false, 0)
    }
}

/// The size of questions to one node, which its answers change.
final class AccountBatches: Sendable {
    private let state = Mutex(BatchSize())

    /// The present size.
    var size: BatchSize { state.withLock { $0 } }

    func change(_ body: (inout BatchSize) -> Void) { state.withLock { body(&$0) } }
}
