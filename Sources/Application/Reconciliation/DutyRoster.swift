import Seams

/// Decides which duties begin when: each by itself, never twice at once, and after failures later and later.
struct DutyRoster {
    /// The longest rest after failures.
    static let longestRest = Duration.seconds(15)

    private struct Entry {
        var isRunning = false
        /// What was called for while it was being done.
        var next: Duty?
        var failures = 0
        /// Before when it does not begin.
        var rest: Timestamp?
        var problems: Set<String> = []
    }

    private var entries: [String: Entry] = [:]

    /// Chooses which of some duties begin now, and counts them as being done.
    mutating func begin(among duties: [Duty], at now: Timestamp) -> [Duty] {
        duties.filter { duty in
            var entry = entries[duty.whole] ?? Entry()
            defer { entries[duty.whole] = entry }
            guard !entry.isRunning else {
                // A part never keeps the whole from its turn, however often it is called for.
                if entry.next == nil || !duty.isPart { entry.next = duty }
                return false
            }
            // A rest that is further away than any was begun by a clock that was wrong.
            if let rest = entry.rest, now < rest, rest.since(now) <= Self.longestRest { return false }
            (entry.isRunning, entry.next) = (true, nil)
            return true
        }
    }

    /// Counts a duty as done.
    ///
    /// - Parameters:
    ///   - duty: the duty.
    ///   - problems: what could not be done.
    ///   - now: the current moment.
    ///   - jitter: a random byte, so that what failed together is not tried again together.
    /// - Returns: the problems that it did not have the last time, and what was called for meanwhile.
    mutating func end(
        _ duty: Duty,
        with problems: [String],
        at now: Timestamp,
        jitter: UInt8
    ) -> (new: [String], next: Duty?) {
        var entry = entries[duty.whole] ?? Entry()
        defer { entries[duty.whole] = entry }
        if duty.isPart, problems.isEmpty {
            // That a part was done says nothing of the rest.
            entry.isRunning = false
            return ([], entry.next)
        }
        let new = problems.filter { !entry.problems.contains($0) }
        entry.problems = Set(problems)
        entry.isRunning = false
        entry.failures = problems.isEmpty ? 0 : entry.failures + 1
        entry.rest = nil
        guard duty.restsAfterFailure, !problems.isEmpty else { return (new, entry.next) }
        entry.rest = now.advanced(by: Self.rest(after: entry.failures, jitter: jitter))
        return (new, nil)
    }

    /// How long it rests after so many failures in a row; the jitter takes up to a half from it.
    static func rest(after failures: Int, jitter: UInt8) -> Duration {
        let whole = min(longestRest, .milliseconds(500 << min(max(failures, 0), 5)))
        return whole / 2 + whole * Int(jitter) / 512
    }
}
