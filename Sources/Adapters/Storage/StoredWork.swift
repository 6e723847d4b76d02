import Synchronization

/// Work that somebody waits for, and that a unit of work may store.
package enum StoredWork: String, Sendable, CaseIterable {
    /// Events for merchants' endpoints.
    case events
    /// Refunds and payouts that may be sent.
    case transfers
    /// What the other duties do: messages of rails, notices, sessions with wallets, bots.
    case messages
}

/// Calls those who wait for stored work, one reader for each kind.
///
/// A call is a hint beside polling, and may be lost; calls that nobody has heard yet become one.
package final class WorkBell: Sendable {
    private typealias Line = (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)
    private let lines: [StoredWork: Line]

    /// A bell that nobody has rung.
    package init() {
        lines = Dictionary(
            uniqueKeysWithValues: StoredWork.allCases.map { work in
                (work, AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)))
            }
        )
    }

    /// Calls for work of a kind.
    package func ring(for work: StoredWork) { lines[work]?.continuation.yield() }

    /// Yields when there may be work of a kind.
    package func calls(for work: StoredWork) -> AsyncStream<Void> {
        lines[work]?.stream ?? AsyncStream { $0.finish() }
    }

    /// Ends all waiting.
    package func stop() { for line in lines.values { line.continuation.finish() } }
}
