/// Who waits for a server, and who is next.
///
/// The higher priority is next, and within one who came first; every fourth turn is that of whoever has waited longest, so
/// that nobody waits for ever.
struct RequestLine: Sendable {
    /// Every how many turns priorities do not count.
    static let turnOfTheOldest = 4

    private var waiting: [RequestPriority: [UInt64]] = [:]
    private var lastNumber: UInt64 = 0
    private var turns = 0

    /// Puts somebody at the end of the line of a priority.
    ///
    /// - Returns: the number by which it is called.
    mutating func add(_ priority: RequestPriority) -> UInt64 {
        lastNumber += 1
        waiting[priority, default: []].append(lastNumber)
        return lastNumber
    }

    /// Whose turn it is; nil when nobody waits.
    var next: UInt64? {
        let first = RequestPriority.allCases.compactMap { waiting[$0]?.first }
        return turns % Self.turnOfTheOldest == Self.turnOfTheOldest - 1 ? first.min() : first.first
    }

    /// Takes the next one out.
    mutating func takeNext() {
        guard let next else { return }
        turns += 1
        remove(next)
    }

    /// Takes out one that waits no longer.
    mutating func remove(_ number: UInt64) {
        for priority in RequestPriority.allCases { waiting[priority]?.removeAll { $0 == number } }
    }

    /// How many wait.
    var counts: [RequestPriority: Int] { waiting.mapValues(\.count) }
}
