import Storage

/// The messages of inboxes that are due, until they are begun: so many of each inbox at once.
///
/// Which message of a lane is the first is stored with it. The shelf only remembers which ones it has begun.
struct InboxShelf {
    /// How many are fetched at once, for each that may be under way.
    private static let fetchedForEach = 4

    private struct Inbox {
        var waiting: ArraySlice<InboxMessage> = []
        var underWay: Set<Int64> = []
        /// Whether the database may have more.
        var mayHaveMore = true
    }

    /// How many messages of an inbox are dealt with at once.
    let width: Int
    private var inboxes: [String: Inbox] = [:]

    /// An empty shelf.
    init(width: Int) { self.width = width }

    /// Whether nothing is under way and nothing waits.
    var isEmpty: Bool { inboxes.values.allSatisfy { $0.waiting.isEmpty && $0.underWay.isEmpty } }

    /// Takes note that inboxes may have messages that were not seen yet.
    mutating func call(_ sources: [String]) {
        for source in sources { inboxes[source, default: Inbox()].mayHaveMore = true }
    }

    /// The inboxes to fetch from, each with the most messages to fetch.
    var wanted: [(source: String, limit: Int)] {
        inboxes.filter { $0.value.mayHaveMore && $0.value.waiting.isEmpty && $0.value.underWay.count < width }
            .map { ($0.key, width * Self.fetchedForEach + $0.value.underWay.count) }
    }

    /// Adds what was fetched from an inbox; a shorter answer than `limit` was all that it had.
    mutating func add(_ messages: [InboxMessage], from source: String, limit: Int) {
        var inbox = inboxes[source] ?? Inbox()
        inbox.waiting = messages.filter { !inbox.underWay.contains($0.sequence) }[...]
        inbox.mayHaveMore = messages.count == limit
        inboxes[source] = inbox
    }

    /// The messages that begin now; they count as under way.
    mutating func begin() -> [InboxMessage] {
        var begun: [InboxMessage] = []
        for source in inboxes.keys.sorted() {
            while var inbox = inboxes[source], inbox.underWay.count < width, let next = inbox.waiting.popFirst() {
                inbox.underWay.insert(next.sequence)
                inboxes[source] = inbox
                begun.append(next)
            }
        }
        return begun
    }

    /// Counts a message as ended; `hasNext` when another one of its lane is due by that.
    mutating func end(_ message: InboxMessage, hasNext: Bool) {
        inboxes[message.source]?.underWay.remove(message.sequence)
        if hasNext { inboxes[message.source]?.mayHaveMore = true }
    }
}
