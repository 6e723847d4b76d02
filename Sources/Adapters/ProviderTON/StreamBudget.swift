import Providers
import Seams

/// How much a stream may tell within a minute: a node that tells more costs us no more than that, because its stream is
/// closed.
struct StreamBudget {
    /// The most bytes in a minute: some thousand events of usual size.
    static let bytesAMinute = 8 << 20
    /// The most events in a minute: a hundred a second.
    static let eventsAMinute = 6_000
    private static let minute = Duration.seconds(60)

    private var began: Timestamp
    private var bytes = 0
    private var events = 0

    /// A budget that nothing was taken from.
    init(at now: Timestamp) { began = now }

    /// Takes what was told from the budget.
    ///
    /// - Throws: `ProviderError` with the code `flooded` when it was more than a stream may tell.
    mutating func take(bytes told: Int, events count: Int, at now: Timestamp) throws(ProviderError) {
        if now.since(began) >= Self.minute { (began, bytes, events) = (now, 0, 0) }
        bytes += told
        events += count
        guard bytes <= Self.bytesAMinute, events <= Self.eventsAMinute else {
            throw ProviderError(
                .flooded,
                "the node's stream tells more than a stream may: \(bytes) bytes and \(events) events in a minute"
            )
        }
    }
}
