/// A time of day that nobody can move by setting the machine's clock, as a pure machine: readings in, moments out.
///
/// The machine's clock is believed as long as it goes with the time since the machine was started, which nobody sets.
/// Once it is moved against it, the time goes on as if it had not been, until the clock is right again, or a witness
/// (``ClockWitness``) says that the new time is the right one. So nothing that is decided by the time of day is decided
/// wrongly, and nothing has to be mended afterwards.
struct SteadyTime {
    /// By how much the clock may differ, and by how much a small correction (NTP) may for good.
    private static let tolerance = (moment: Duration.seconds(10), correction: Duration.seconds(120))
    /// How long a small correction has to last before it is believed.
    private static let correctionHolds = Duration.seconds(60)
    /// How often the clock's own drift is taken over.
    private static let adoption = Duration.seconds(600)

    private var anchor: (wall: Timestamp, uptime: Duration)
    private var moved: (by: Duration, since: Duration)?
    private var statements: [String: ClockStatement] = [:]

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
            if uptime - anchor.uptime >= Self.adoption { begin(wall, uptime, shiftedBy: deviation) }
            return wall
        }
        if let moved, (deviation - moved.by).magnitude <= .seconds(1) {
            let isCorrection =
                deviation.magnitude <= Self.tolerance.correction && uptime - moved.since >= Self.correctionHolds
            guard isCorrection || isConfirmed(moved) else { return steady }
            begin(wall, uptime, shiftedBy: deviation)
            return wall
        }
        moved = (deviation, uptime)
        guard isConfirmed((deviation, uptime)) else { return steady }
        begin(wall, uptime, shiftedBy: deviation)
        return wall
    }

    /// Hears what a witness says of the time; one that agrees with a clock that was moved confirms the new time.
    mutating func hear(
        _ stated: Timestamp,
        from name: String,
        as witness: ClockWitness,
        wall: Timestamp,
        uptime: Duration
    ) {
        let ahead = stated.since(moment(wall: wall, uptime: uptime))
        let earlier = statements[name]
        // What only says that a moment has passed says most by the latest one.
        if !witness.isCurrent, let earlier, earlier.agrees, earlier.ahead > ahead,
            uptime - earlier.heard <= ClockStatement.freshness
        {
            return
        }
        statements[name] = ClockStatement(
            witness: witness,
            moment: stated,
            ahead: ahead,
            heard: uptime,
            since: earlier?.moment == stated ? earlier?.since ?? uptime : uptime
        )
        _ = moment(wall: wall, uptime: uptime)
    }

    /// Whether a clock that was moved is right now: a witness that contradicts our time agrees with it, and none has agreed
    /// with our time since.
    private func isConfirmed(_ moved: (by: Duration, since: Duration)) -> Bool {
        let independent = statements.values.filter { $0.witness.isIndependent }
        return !independent.contains { $0.agrees && $0.heard >= moved.since }
            && independent.contains { statement in
                statement.contradicts && (statement.ahead - moved.by).magnitude <= ClockStatement.agreement
            }
    }

    private mutating func begin(_ wall: Timestamp, _ uptime: Duration, shiftedBy shift: Duration) {
        anchor = (wall, uptime)
        moved = nil
        for name in statements.keys { statements[name]?.ahead -= shift }
        // Whoever agreed with the time that was wrong was not asked since.
        if shift.magnitude > Self.tolerance.correction { statements = statements.filter { $0.value.agrees } }
    }

    /// What is wrong with the machine's clock; nil when nothing is known to be.
    var doubt: ClockDoubt? {
        if let other = contradiction { return .contradicted(rail: other.name, by: other.statement.ahead) }
        return moved.map { .moved($0.by) }
    }

    /// The first one that our time cannot be right by; nil when an independent witness says that it is.
    ///
    /// That our time is ahead is refuted by anything that has happened by now, and that it is behind only by who states
    /// the present.
    private var contradiction: (name: String, statement: ClockStatement)? {
        let against = statements.filter { $0.value.contradicts }
        guard let latest = against.values.map(\.heard).max() else { return nil }
        let agreeing = statements.values.filter { statement in
            statement.witness.isIndependent && statement.agrees && statement.heard + ClockStatement.freshness >= latest
        }
        let standing = against.filter { _, statement in
            !agreeing.contains { !statement.showsBehind || $0.witness.isCurrent }
        }
        return standing.min { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
