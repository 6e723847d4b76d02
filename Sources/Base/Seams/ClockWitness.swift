/// The kind of source that states a moment, which decides what the moment proves about our clock.
///
/// No source states a moment in the future, so that each can prove that our clock is behind. Whether it can prove that
/// our clock is ahead depends on how late its statement may arrive.
package enum ClockWitness: Hashable, Sendable {
    /// A chain, by its newest block; a chain that stands still proves nothing.
    case chain
    /// Another party's server with a certificate, by its clock.
    case service
    /// A server that may be ours (the database, a proxy), by its clock, which may be wrong together with ours.
    case machine
    /// A message of a payment platform, by its date; Telegram keeps undelivered messages for a day at most.
    case message
    /// The latest moment that we have stored ourselves.
    case record

    /// How far it may be behind our clock while nothing is wrong; nil for any distance.
    var mostBehind: Duration? {
        switch self {
        case .chain, .service, .machine: .seconds(3_600)
        case .message: .seconds(25 * 3_600)
        case .record: nil
        }
    }

    /// How far it may be ahead of our clock while nothing is wrong.
    var mostAhead: Duration { self == .record ? .seconds(120) : .seconds(3_600) }

    /// Whether it is independent: its clock was not set by anybody here.
    var isIndependent: Bool { self == .chain || self == .service || self == .message }

    /// Whether it states the present moment, and not only a past one.
    var isCurrent: Bool { self == .chain || self == .service || self == .machine }
}

/// The statement of a witness, compared with our own time.
struct ClockStatement {
    /// How far clocks that agree may differ, because a chain may lag, and its blocks take time.
    static let agreement = Duration.seconds(120)
    /// After how long with the same block a chain counts as standing still.
    private static let standstill = Duration.seconds(120)
    /// For how long an agreement counts against a later contradiction.
    static let freshness = Duration.seconds(3_600)

    let witness: ClockWitness
    let moment: Timestamp
    /// How far it was ahead of our time.
    var ahead: Duration
    /// When it was received, and since when it has stated the same moment; both by the time since the machine was
    /// started.
    let heard: Duration
    let since: Duration

    /// Whether it agrees with our time.
    var agrees: Bool { ahead.magnitude <= Self.agreement }

    /// Whether it shows that our time is behind.
    var showsBehind: Bool { ahead > witness.mostAhead }

    /// Whether it shows that our time is ahead.
    var showsAhead: Bool {
        guard let mostBehind = witness.mostBehind, ahead < .zero - mostBehind else { return false }
        return witness != .chain || heard - since <= Self.standstill
    }

    var contradicts: Bool { showsBehind || showsAhead }
}

/// A doubt about a machine's clock.
package enum ClockDoubt: Hashable, Sendable {
    /// It was moved by this much; the gateway's time ignores the move.
    case moved(Duration)
    /// A witness's clock differs from it by this much, and no witness agrees with it, so that it may have been wrong
    /// from the start.
    case contradicted(rail: String, by: Duration)

    /// Whether the time of day is unknown.
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
