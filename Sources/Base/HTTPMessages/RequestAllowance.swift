import Seams

/// For what a request is made: what moves money goes before what watches it, and that before what reports on it.
package enum RequestPriority: Int, Hashable, Sendable, CaseIterable, Comparable {
    /// A payout, a refund, or its fate.
    case payout
    /// The reading of what came.
    case scan
    /// A report, a statement, a check.
    case report

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// How many requests a server takes.
package struct RequestLimits: Hashable, Sendable {
    /// How many requests a second, over time.
    package var perSecond: Int
    /// How many at once after a rest.
    package var burst: Int
    /// How many may be unanswered at a time.
    package var inFlight: Int

    /// Limits, each at least 1.
    package init(perSecond: Int, burst: Int, inFlight: Int) {
        self.perSecond = max(1, perSecond)
        self.burst = max(1, burst)
        self.inFlight = max(1, inFlight)
    }
}

/// Decides when the next request may be made: a bucket of tokens that fills with time, and a limit of unanswered requests.
///
/// The rate is halved when the server says that there were too many, and grows again while it says nothing.
struct RequestAllowance: Sendable {
    /// What becomes of a request.
    enum Answer: Hashable, Sendable {
        /// It is made now.
        case now
        /// It may be made after this time.
        case after(Duration)
        /// It may be made when another one was answered.
        case whenOneIsAnswered
    }

    /// A token in billionths: a rate in thousandths of a token a second adds that many in a microsecond.
    private static let token: Int64 = 1_000_000_000
    /// The lowest rate: a request in ten seconds.
    private static let lowestRate: Int64 = 100
    /// How long a server is left alone that does not say for how long.
    private static let usualPause = Duration.seconds(1)
    /// The longest pause, whatever a server says.
    static let longestPause = Duration.seconds(60)
    /// After how long without a complaint the rate grows by a sixteenth of the limit.
    static let silence = Duration.seconds(5)
    private static let mostIdle: Int64 = 3_600_000_000

    private let limits: RequestLimits
    /// Requests a second, in thousandths.
    private(set) var rate: Int64
    private var level: Int64
    private var filledAt: Timestamp
    private var pausedUntil: Timestamp?
    private var quietSince: Timestamp
    /// How many requests are unanswered.
    private(set) var inFlight = 0

    /// A full allowance.
    init(_ limits: RequestLimits, at now: Timestamp) {
        self.limits = limits
        rate = Int64(limits.perSecond) * 1_000
        level = Int64(limits.burst) * Self.token
        (filledAt, quietSince) = (now, now)
    }

    /// Takes a request, if it may be made now.
    mutating func take(at now: Timestamp) -> Answer {
        fill(until: now)
        guard inFlight < limits.inFlight else { return .whenOneIsAnswered }
        if let pausedUntil { return .after(pausedUntil.since(now)) }
        guard level >= Self.token else { return .after(.microseconds((Self.token - level + rate - 1) / rate)) }
        level -= Self.token
        inFlight += 1
        return .now
    }

    /// Counts an answer, whatever it was.
    mutating func answered() { inFlight = max(0, inFlight - 1) }

    /// The server has had too many requests.
    ///
    /// - Parameters:
    ///   - pause: how long it wants none; nil when it does not say.
    ///   - isBusy: whether it counts requests, so that fewer help.
    ///   - now: the current moment.
    mutating func refused(for pause: Duration?, because isBusy: Bool, at now: Timestamp) {
        fill(until: now)
        let end = now.advanced(by: min(max(pause ?? Self.usualPause, .zero), Self.longestPause))
        // Requests that were made together are refused together, and that is one complaint.
        let isFirst = pausedUntil == nil
        pausedUntil = max(pausedUntil ?? end, end)
        level = 0
        if isBusy, isFirst { rate = max(min(Self.lowestRate, rate), rate / 2) }
    }

    private mutating func fill(until now: Timestamp) {
        let elapsed = now.since(filledAt)
        filledAt = now
        if let pause = pausedUntil {
            let rest = pause.since(now)
            // A pause that is longer than any was begun by a clock that was wrong.
            guard rest <= .zero || rest > Self.longestPause else { return }
            (pausedUntil, quietSince) = (nil, min(pause, now))
        }
        if elapsed > .zero {
            let gained = min(elapsed.wholeMicroseconds, Self.mostIdle) * rate
            level = min(Int64(limits.burst) * Self.token, level + gained)
        }
        raise(at: now)
    }

    /// The rate grows after the end of a pause, in silence.
    private mutating func raise(at now: Timestamp) {
        let limit = Int64(limits.perSecond) * 1_000
        let quiet = now.since(quietSince)
        // The clock was set back.
        if quiet < .zero { quietSince = now }
        guard rate < limit, quiet >= Self.silence else { return }
        let steps = min(quiet.wholeMicroseconds / Self.silence.wholeMicroseconds, 16)
        rate = min(limit, rate + steps * max(1, limit / 16))
        quietSince = now
    }
}
