/// A time of day that does not move when the machine's clock is set: a pure state machine from readings to moments.
///
/// The machine's clock is trusted while it agrees with the time since the machine was started, which cannot be set.
/// When the clock is moved, the time ignores the move until the clock is right again, or a witness (``ClockWitness``)
/// confirms the new time. So no decision by the time of day is wrong, and nothing has to be corrected afterwards.
struct SteadyTime {
    /// How far the clock may differ for a moment, and how large a lasting correction (NTP) may be.
    private static let tolerance = (moment: Duration.seconds(10), correction: Duration.seconds(120))
    /// How long a small correction has to last before it is accepted.
    private static let correctionHolds = Duration.seconds(60)
    /// How often the clock's own drift is adopted.
    private static let adoption = Duration.seconds(600)

    private var anchor: (wall: Timestamp, uptime: Duration)
    private var moved: (by: Duration, since: Duration)?
    private var statements: [String: ClockStatement] = [:]

    /// A time that starts at the machine's clock.
    init(wall: Timestamp, uptime: Duration) {
        anchor = (wall, uptime)
    }

    /// The time for these readings of the machine's clocks.
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

    /// Records a witness's statement; one that agrees with a moved clock confirms the new time.
    mutating func observe(
        _ stated: Timestamp,
        from name: String,
        as witness: ClockWitness,
        wall: Timestamp,
        uptime: Duration
    ) {
        let ahead = stated.since(moment(wall: wall, uptime: uptime))
        let earlier = statements[name]
        // Of statements that a moment has passed, the latest moment proves the most.
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

    /// Whether a moved clock is right: a witness that contradicts our time agrees with it, and none has agreed with our
    /// time since.
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
        // Witnesses that agreed with the wrong time have not been asked since.
        if shift.magnitude > Self.tolerance.correction { statements = statements.filter { $0.value.agrees } }
    }

    /// The doubt about the machine's clock; nil when there is none.
    var doubt: ClockDoubt? {
        if let other = contradiction { return .contradicted(rail: other.name, by: other.statement.ahead) }
        return moved.map { .moved($0.by) }
    }

    /// The first statement that proves our time wrong; nil when an independent witness confirms it.
    ///
    /// Any past moment near our time refutes that our time is ahead. Only a witness that states the present refutes
    /// that it is behind.
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
