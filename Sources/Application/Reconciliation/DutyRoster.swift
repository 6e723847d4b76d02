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
    /// How the parts of duties stand, which have the turns and rests of the whole.
    private var parts: [String: DutyState] = [:]

    /// How a duty, or a part of one, stands.
    func state(of duty: Duty) -> DutyState {
        (duty.isPart ? parts[duty.name] : entries[duty.name]?.state) ?? DutyState()
    }

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
            if duty.isPart { parts[duty.name, default: DutyState()].isRunning = true }
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
        if duty.isPart { parts[duty.name, default: DutyState()].take(outcome, at: now) }
        // That a part was done says nothing of the rest.
        if duty.isPart, outcome == .done || outcome == .elsewhere { return ([], entry.next) }
        entry.state.take(outcome, at: now)
        entry.rest = nil
        guard case .failed(let problems, _) = outcome else {
            // What was not due has found out nothing: its problems are as they were.
            if outcome != .notDue { entry.problems = [] }
            return ([], entry.next)
        }
        let new = problems.filter { !entry.problems.contains($0) }
        entry.problems = Set(problems)
        guard duty.restsAfterFailure else { return (new, entry.next) }
        entry.rest = now.advanced(by: Self.rest(after: entry.state.failures, jitter: jitter))
        return (new, nil)
    }

    /// How long it rests after so many failures in a row; the jitter takes up to a half from it.
    static func rest(after failures: Int, jitter: UInt8) -> Duration {
        let whole = min(longestRest, .milliseconds(500 << min(max(failures, 0), 5)))
        return whole / 2 + whole * Int(jitter) / 512
    }
}

extension DutyState {
    /// Changes by the outcome of a duty that was begun.
    fileprivate mutating func take(_ outcome: DutyOutcome, at now: Timestamp) {
        isRunning = false
        switch outcome {
        // Nothing was found out: it fails as long as it did.
        case .notDue: break
        case .done, .elsewhere:
            isElsewhere = outcome == .elsewhere
            (failures, failingSince, causes) = (0, nil, [])
            if outcome == .done { lastSuccess = now }
        case .failed(_, let kinds):
            isElsewhere = false
            failures += 1
            failingSince = failingSince ?? now
            causes = kinds
        }
    }
}
