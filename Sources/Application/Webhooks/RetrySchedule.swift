package import Seams

/// When a delivery that failed is tried again: soon at first, then ever later, for three days.
package struct RetrySchedule: Hashable, Sendable {
    private static let waits: [Duration] = [
        .seconds(5), .seconds(30), .seconds(120), .seconds(600), .seconds(1_800), .seconds(3_600), .seconds(7_200),
        .seconds(14_400), .seconds(28_800), .seconds(43_200), .seconds(43_200), .seconds(43_200), .seconds(43_200),
    ]

    /// How many attempts there are in all.
    package static var attempts: Int { waits.count + 1 }

    /// The usual schedule.
    package init() {}

    /// When the next attempt is made; nil when there are no more.
    ///
    /// - Parameters:
    ///   - attempts: how many were made.
    ///   - now: the current moment.
    ///   - retryAfter: how long the receiver asks to wait, at most a day.
    ///   - jitter: a random byte, which spreads attempts over a fifth of the wait.
    /// - Returns: the moment, or nil.
    package func next(after attempts: Int, at now: Timestamp, retryAfter: Duration?, jitter: UInt8) -> Timestamp? {
        guard attempts >= 1, attempts <= Self.waits.count else { return nil }
        let wait = Self.waits[attempts - 1]
        let spread = wait / 5 * Int(jitter) / 255
        let asked = min(retryAfter ?? .zero, .seconds(86_400))
        return now.advanced(by: max(wait + spread, asked))
    }
}
