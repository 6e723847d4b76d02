/// Records which nodes answer, so that a node that accepts requests and never answers, or has too many of them, does not
/// hold up every question.
///
/// A node that did not answer rests for the next questions, each time for twice as many, and is asked last meanwhile.
/// Questions are counted instead of seconds, so that the order is the same in every run.
struct NodeAttendance {
    /// The nodes for one question.
    struct Roll {
        /// All of them, those that rest last.
        let all: [String]
        /// Those that rest.
        let resting: Set<String>
        /// Those that do not rest.
        var awake: [String] { all.filter { !resting.contains($0) } }
    }

    private struct Absence {
        /// For how many more questions it rests.
        var rest: Int
        /// For how many it rests after the next miss.
        var next: Int
    }

    /// The most questions for which a node rests.
    static let longestRest = 256

    private var absences: [String: Absence] = [:]

    /// Takes the next question.
    mutating func call(_ nodes: [String]) -> Roll {
        let resting = Set(nodes.filter { (absences[$0]?.rest ?? 0) > 0 })
        for node in resting { absences[node]?.rest -= 1 }
        return Roll(all: nodes.filter { !resting.contains($0) } + nodes.filter(resting.contains), resting: resting)
    }

    /// A node has not answered, or has said that it had too many requests.
    mutating func missed(_ node: String) {
        let rest = absences[node]?.next ?? 4
        absences[node] = Absence(rest: rest, next: min(rest * 2, Self.longestRest))
    }

    /// A node has answered, whatever the answer.
    mutating func answered(_ node: String) { absences[node] = nil }
}
