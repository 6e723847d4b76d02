import Seams

/// Decides which duties begin when: each by itself, never twice at once, and after failures later and later.
struct DutyRoster {
    /// The longest rest after failures.
    static let longestRest = Duration.seconds(15)

    private struct Entry {
        var isRunning = false
        /// Whether it was called for while it was being done.
        var isCalledAgain = false
        var failures = 0
        /// Before when it does not begin.
        var rest: Timestamp?
        var problems: Set<String> = []
    }

    private var entries: [String: Entry] = [:]

    /// Chooses which of some duties begin now, and counts them as being done.
    mutating func begin(among duties: [Duty], at now: Timestamp) -> [Duty] {
        duties.filter { duty in
            var entry = entries[duty.name] ?? Entry()
            defer { entries[duty.name] = entry }
            guard !entry.isRunning else {
                entry.isCalledAgain = true
                return false
            }
            // A rest that is further away than any was begun by a clock that was wrong.
            if let rest = entry.rest, now < rest, rest.since(now) <= Self.longestRest { return false }
            (entry.isRunning, entry.isCalledAgain) = (true, false)
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
    /// - Returns: the problems that it did not have the last time, and whether it was called for meanwhile.
    mutating func end(
        _ duty: Duty,
        with problems: [String],
        at now: Timestamp,
        jitter: UInt8
    ) -> (new: [String], isCalledAgain: Bool) {
        var entry = entries[duty.name] ?? Entry()
        defer { entries[duty.name] = entry }
        let new = problems.filter { !entry.problems.contains($0) }
        entry.problems = Set(problems)
        entry.isRunning = false
        entry.failures = problems.isEmpty ? 0 : entry.failures + 1
        entry.rest = nil
        guard duty.restsAfterFailure, !problems.isEmpty else { return (new, entry.isCalledAgain) }
        let whole = min(Self.longestRest, .milliseconds(500 << min(entry.failures, 5)))
        entry.rest = now.advanced(by: whole / 2 + whole * Int(jitter) / 512)
        return (new, false)
    }
}
