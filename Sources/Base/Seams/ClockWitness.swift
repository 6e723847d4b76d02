/// Who states a moment, which decides what it says of our clock.
///
/// Nobody states a moment that is still to come, so that each of them can show that our clock is behind. Whether one
/// shows that it is ahead depends on how late it may come.
package enum ClockWitness: Hashable, Sendable {
    /// A chain, by its newest block. One that stands still says nothing.
    case chain
    /// Somebody else's server with a certificate, by its clock.
    case service
    /// A server that may be ours (the database, a proxy), by its clock: it may be wrong together with ours.
    case machine
    /// A message of a payment platform, dated when it was sent. Telegram keeps what is not taken for a day at most.
    case message
    /// What we have stored ourselves, at the latest.
    case record

    /// How far it may be behind ours while nothing is wrong; nil when it may be as far as it likes.
    var mostBehind: Duration? {
        switch self {
        case .chain, .service, .machine: .seconds(3_600)
        case .message: .seconds(25 * 3_600)
        case .record: nil
        }
    }

    /// How far it may be ahead of ours while nothing is wrong.
    var mostAhead: Duration { self == .record ? .seconds(120) : .seconds(3_600) }

    /// Whether its word is worth something against another's: it goes by a clock that nobody here has set.
    var isIndependent: Bool { self == .chain || self == .service || self == .message }

    /// Whether it states the present, and not only what has passed.
    var isCurrent: Bool { self == .chain || self == .service || self == .machine }
}

/// What a witness has stated, beside our own time.
struct ClockStatement {
    /// How close two clocks are that agree: a chain may lag, and its blocks take time.
    static let agreement = Duration.seconds(120)
    /// How long a chain shows the same block until it is held to stand still.
    private static let standstill = Duration.seconds(120)
    /// For how long an agreement counts against a later contradiction.
    static let freshness = Duration.seconds(3_600)

    let witness: ClockWitness
    let moment: Timestamp
    /// How far it was ahead of our time.
    var ahead: Duration
    /// When it was heard, by the time since the machine was started, and since when it has stated the same moment.
    let heard: Duration
    let since: Duration

    /// Whether it agrees with ours.
    var agrees: Bool { ahead.magnitude <= Self.agreement }

    /// Whether ours is behind by it.
    var showsBehind: Bool { ahead > witness.mostAhead }

    /// Whether ours is ahead by it.
    var showsAhead: Bool {
        guard let mostBehind = witness.mostBehind, ahead < .zero - mostBehind else { return false }
        return witness != .chain || heard - since <= Self.standstill
    }

    var contradicts: Bool { showsBehind || showsAhead }
}

/// What is wrong with a machine's clock.
package enum ClockDoubt: Hashable, Sendable {
    /// It was moved by so much; the time goes on as if it had not been.
    case moved(Duration)
    /// A witness's clock differs from it by so much, and none agrees with it: it may have been wrong from the start.
    case contradicted(rail: String, by: Duration)

    /// Whether the time of day is not known.
    package var leavesTimeOpen: Bool {
        switch self {
        case .moved: false
        case .contradicted: true
        }
    }
}

extension Duration {
    var magnitude: Duration { self < .zero ? .zero - self : self }
}
