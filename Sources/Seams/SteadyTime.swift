/// A time of day that nobody can move by setting the machine's clock, as a pure machine: readings in, moments out.
///
/// The machine's clock is believed as long as it goes with the time since the machine was started, which nobody sets.
/// Once it is moved against it, the time goes on as if it had not been, until the clock is right again, or the rails'
/// clocks say that the new time is the right one. So nothing that is decided by the time of day is decided wrongly,
/// and nothing has to be mended afterwards.
struct SteadyTime {
    /// By how much the clock may differ, and by how much a small correction (NTP) may for good.
    private static let tolerance = (moment: Duration.seconds(10), correction: Duration.seconds(120))
    /// How long a small correction has to last before it is believed.
    private static let correctionHolds = Duration.seconds(60)
    /// How often the clock's own drift is taken over.
    private static let adoption = Duration.seconds(600)
    /// How far a rail's clock may be from ours: it may lag, and its blocks take time.
    private static let railTolerance = (agreeing: Duration.seconds(120), doubtful: Duration.seconds(3_600))

    private var anchor: (wall: Timestamp, uptime: Duration)
    private var moved: (by: Duration, since: Duration)?
    private var rails: [String: Duration] = [:]

    /// A time that begins with what the machine's clock says.
    init(wall: Timestamp, uptime: Duration) {
        anchor = (wall, uptime)
    }

    /// The time, when the machine's clocks say this.
    mutating func moment(wall: Timestamp, uptime: Duration) -> Timestamp {
        let steady = anchor.wall.advanced(by: uptime - anchor.uptime)
        let deviation = wall.since(steady)
        guard deviation.magnitude > Self.tolerance.moment else {
            moved = nil
            if uptime - anchor.uptime >= Self.adoption { anchor = (wall, uptime) }
            return wall
        }
        if let moved, (deviation - moved.by).magnitude <= .seconds(1) {
            guard deviation.magnitude <= Self.tolerance.correction, uptime - moved.since >= Self.correctionHolds else {
                return steady
            }
            return begin(wall, uptime)
        }
        moved = (deviation, uptime)
        return steady
    }

    /// Hears what a rail's clock says; a rail that agrees with a clock that was moved confirms the new time.
    mutating func hear(_ stated: Timestamp, from rail: String, wall: Timestamp, uptime: Duration) {
        let own = moment(wall: wall, uptime: uptime)
        let toOwn = stated.since(own)
        if moved != nil, stated.since(wall).magnitude <= Self.railTolerance.agreeing,
            toOwn.magnitude > Self.railTolerance.doubtful
        {
            rails = [:]
            _ = begin(wall, uptime)
        } else {
            rails[rail] = toOwn
        }
    }

    private mutating func begin(_ wall: Timestamp, _ uptime: Duration) -> Timestamp {
        anchor = (wall, uptime)
        moved = nil
        return wall
    }

    /// What is wrong with the machine's clock; nil when nothing is known to be.
    var doubt: ClockDoubt? {
        if let moved { return .moved(moved.by) }
        guard !rails.values.contains(where: { $0.magnitude <= Self.railTolerance.agreeing }),
            let other = rails.filter({ $0.value.magnitude > Self.railTolerance.doubtful }).min(by: { $0.key < $1.key })
        else { return nil }
        return .contradicted(rail: other.key, by: other.value)
    }
}

/// What is wrong with a machine's clock.
public enum ClockDoubt: Hashable, Sendable {
    /// It was moved by so much; the time goes on as if it had not been.
    case moved(Duration)
    /// A rail's clock differs from it by so much, and no rail agrees with it: it may have been wrong from the start.
    case contradicted(rail: String, by: Duration)
}

extension Duration {
    fileprivate var magnitude: Duration { self < .zero ? .zero - self : self }
}
