import Seams

/// What became of a duty that was begun.
enum DutyOutcome: Hashable, Sendable {
    /// It was done.
    case done
    /// Something could not be done: sentences for the log, and their kinds for everybody.
    case failed(problems: [String], causes: [String])
    /// Another gateway does it.
    case elsewhere
    /// It is done less often, and its time has not come.
    case notDue
}

/// Decides which duties begin when: each by itself, never twice at once, and after failures later and later.
struct DutyRoster {
    /// The longest rest after failures.
    static let longestRest = Duration.seconds(15)

    private struct Entry {
        var state = DutyState()
        /// Whether it was called for while it was being done.
        var isCalledAgain = false
        /// Before when it does not begin.
        var rest: Timestamp?
        var problems: Set<String> = []
    }

    private var entries: [String: Entry] = [:]

    /// How a duty stands.
    func state(of duty: Duty) -> DutyState { entries[duty.name]?.state ?? DutyState() }

    /// Chooses which of some duties begin now, and counts them as being done.
    mutating func begin(among duties: [Duty], at now: Timestamp) -> [Duty] {
        duties.filter { duty in
            var entry = entries[duty.name] ?? Entry()
            defer { entries[duty.name] = entry }
            guard !entry.state.isRunning else {
                entry.isCalledAgain = true
                return false
            }
            // A rest that is further away than any was begun by a clock that was wrong.
            if let rest = entry.rest, now < rest, rest.since(now) <= Self.longestRest { return false }
            (entry.state.isRunning, entry.isCalledAgain) = (true, false)
            return true
        }
    }

    /// Counts a duty as ended.
    ///
    /// - Parameters:
    ///   - duty: the duty.
    ///   - outcome: what became of it.
    ///   - now: the current moment.
    ///   - jitter: a random byte, so that what failed together is not tried again together.
    /// - Returns: the problems that it did not have the last time, and whether it was called for meanwhile.
    mutating func end(
        _ duty: Duty,
        with outcome: DutyOutcome,
        at now: Timestamp,
        jitter: UInt8
    ) -> (new: [String], isCalledAgain: Bool) {
        var entry = entries[duty.name] ?? Entry()
        defer { entries[duty.name] = entry }
        entry.state.isRunning = false
        entry.rest = nil
        switch outcome {
        // Nothing was found out: it fails as long as it did.
        case .notDue: return ([], entry.isCalledAgain)
        case .done, .elsewhere:
            entry.state.isElsewhere = outcome == .elsewhere
            (entry.state.failures, entry.state.failingSince, entry.state.causes) = (0, nil, [])
            if outcome == .done { entry.state.lastSuccess = now }
            entry.problems = []
            return ([], entry.isCalledAgain)
        case .failed(let problems, let causes):
            let new = problems.filter { !entry.problems.contains($0) }
            entry.problems = Set(problems)
            entry.state.isElsewhere = false
            entry.state.failures += 1
            entry.state.failingSince = entry.state.failingSince ?? now
            entry.state.causes = causes
            guard duty.restsAfterFailure else { return (new, entry.isCalledAgain) }
            let whole = min(Self.longestRest, .milliseconds(500 << min(entry.state.failures, 5)))
            entry.rest = now.advanced(by: whole / 2 + whole * Int(jitter) / 512)
            return (new, false)
        }
    }
}
