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
        /// What was called for while it was being done.
        var next: Duty?
        /// Before when it does not begin.
        var rest: Timestamp?
        var problems: Set<String> = []
    }

    private var entries: [String: Entry] = [:]

    /// How a duty stands.
    func state(of duty: Duty) -> DutyState { entries[duty.whole]?.state ?? DutyState() }

    /// Chooses which of some duties begin now, and counts them as being done.
    mutating func begin(among duties: [Duty], at now: Timestamp) -> [Duty] {
        duties.filter { duty in
            var entry = entries[duty.whole] ?? Entry()
            defer { entries[duty.whole] = entry }
            guard !entry.state.isRunning else {
                // A part never keeps the whole from its turn, however often it is called for.
                if entry.next == nil || !duty.isPart { entry.next = duty }
                return false
            }
            // A rest that is further away than any was begun by a clock that was wrong.
            if let rest = entry.rest, now < rest, rest.since(now) <= Self.longestRest { return false }
            (entry.state.isRunning, entry.next) = (true, nil)
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
    /// - Returns: the problems that it did not have the last time, and what was called for meanwhile.
    mutating func end(
        _ duty: Duty,
        with outcome: DutyOutcome,
        at now: Timestamp,
        jitter: UInt8
    ) -> (new: [String], next: Duty?) {
        var entry = entries[duty.whole] ?? Entry()
        defer { entries[duty.whole] = entry }
        entry.state.isRunning = false
        // That a part was done says nothing of the rest.
        if duty.isPart, outcome == .done || outcome == .elsewhere { return ([], entry.next) }
        entry.rest = nil
        switch outcome {
        // Nothing was found out: it fails as long as it did.
        case .notDue: return ([], entry.next)
        case .done, .elsewhere:
            entry.state.isElsewhere = outcome == .elsewhere
            (entry.state.failures, entry.state.failingSince, entry.state.causes) = (0, nil, [])
            if outcome == .done { entry.state.lastSuccess = now }
            entry.problems = []
            return ([], entry.next)
        case .failed(let problems, let causes):
            let new = problems.filter { !entry.problems.contains($0) }
            entry.problems = Set(problems)
            entry.state.isElsewhere = false
            entry.state.failures += 1
            entry.state.failingSince = entry.state.failingSince ?? now
            entry.state.causes = causes
            guard duty.restsAfterFailure else { return (new, entry.next) }
            entry.rest = now.advanced(by: Self.rest(after: entry.state.failures, jitter: jitter))
            return (new, nil)
        }
    }

    /// How long it rests after so many failures in a row; the jitter takes up to a half from it.
    static func rest(after failures: Int, jitter: UInt8) -> Duration {
        let whole = min(longestRest, .milliseconds(500 << min(max(failures, 0), 5)))
        return whole / 2 + whole * Int(jitter) / 512
    }
}
