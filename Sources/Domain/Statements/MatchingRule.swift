/// A rule by which lines of a statement and our own rows are matched, as data: `Config/matching.yaml`.
package struct MatchingRule: Hashable, Sendable, Codable {
    /// How many rows belong together, the statement's first.
    package enum Shape: String, Hashable, Sendable, CaseIterable, Codable {
        case oneToOne = "one_to_one"
        case oneToMany = "one_to_many"
        case manyToOne = "many_to_one"
        case manyToMany = "many_to_many"
    }

    /// The name that stands on what it has matched.
    package let name: String
    /// Which rule is tried first: the smaller number, and of equal ones the name.
    package let priority: Int
    /// How many rows belong together.
    package let shape: Shape
    /// The references that have to be the same; none means that asset and amount have to be.
    package let keys: [String]
    /// The kinds of lines that it is about, and of our rows where each line has one of its own; nil for all.
    package let kinds: [StatementLine.Kind]?
    /// Whether the references name one movement, so that another line with them repeats it.
    package let unique: Bool
    /// The variance in smallest units up to which a match is suggested.
    package let toleranceUnits: Int64
    /// The variance in hundredths of a per cent up to which a match is suggested.
    package let toleranceBasisPoints: Int64
    /// How many days before our row the line may be.
    package let daysBefore: Int64
    /// How many days after our row the line may be.
    package let daysAfter: Int64

    private enum CodingKeys: String, CodingKey {
        case name, priority, shape, keys, kinds, unique
        case toleranceUnits = "tolerance_units"
        case toleranceBasisPoints = "tolerance_basis_points"
        case daysBefore = "days_before"
        case daysAfter = "days_after"
    }

    /// A rule.
    package init(
        name: String,
        priority: Int,
        shape: Shape = .oneToOne,
        keys: [String],
        kinds: [StatementLine.Kind]? = nil,
        unique: Bool = false,
        toleranceUnits: Int64 = 0,
        toleranceBasisPoints: Int64 = 0,
        daysBefore: Int64 = 0,
        daysAfter: Int64 = 0
    ) {
        self.name = name
        self.priority = priority
        self.shape = shape
        self.keys = keys
        self.kinds = kinds
        self.unique = unique
        self.toleranceUnits = toleranceUnits
        self.toleranceBasisPoints = toleranceBasisPoints
        self.daysBefore = daysBefore
        self.daysAfter = daysAfter
    }

    /// The rules in the order in which they are tried.
    ///
    /// - Throws: ``StatementError`` with ``StatementError/Code/rules`` when two have one name, when one over several
    ///   rows has no key (which rows add up to a sum cannot be guessed), and when a limit is negative.
    package static func ordered(_ rules: [Self]) throws(StatementError) -> [Self] {
        guard Set(rules.map(\.name)).count == rules.count else {
            throw StatementError(.rules, "two matching rules have the same name")
        }
        for rule in rules {
            guard rule.shape == .oneToOne || !rule.keys.isEmpty else {
                throw StatementError(.rules, "the matching rule \(rule.name) adds rows up and needs a key")
            }
            let limits = [rule.toleranceUnits, rule.toleranceBasisPoints, rule.daysBefore, rule.daysAfter]
            guard limits.allSatisfy({ (0...10_000_000).contains($0) }) else {
                throw StatementError(.rules, "a limit of the matching rule \(rule.name) is not between 0 and 10000000")
            }
        }
        return rules.sorted { ($0.priority, $0.name) < ($1.priority, $1.name) }
    }
}
