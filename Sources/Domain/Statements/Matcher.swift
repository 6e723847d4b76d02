package import Money
package import Seams

/// Compares a source's lines with our rows.
///
/// A pure function of both, and of the moment: the order in which they are given changes nothing, each row is in exactly
/// one finding, and the work is that of sorting. Nothing is changed by it: what a finding leads to, a person decides.
package struct Matcher: Sendable {
    private let rules: [MatchingRule]
    private let wording: FindingWords

    /// A matcher by rules.
    ///
    /// - Throws: ``StatementError`` with ``StatementError/Code/rules``, as ``MatchingRule/ordered(_:)``.
    package init(rules: [MatchingRule], assets: AssetRegistry) throws(StatementError) {
        self.rules = try MatchingRule.ordered(rules)
        wording = FindingWords(assets: assets)
    }

    /// What lines and rows say about each other.
    ///
    /// - Parameters:
    ///   - lines: the lines of one source.
    ///   - expected: what we expect there; identifiers are unique.
    ///   - now: the moment by which rows are past their term.
    /// - Returns: the findings, ordered by their rows.
    package func findings(lines: [StatementLine], expected: [ExpectedRow], now: Timestamp) -> [Finding] {
        var round = MatchingRound(lines: lines, expected: expected, wording: wording)
        for rule in rules { round.apply(rule) }
        return round.finish(now: now).sorted { one, other in
            (one.lines.first ?? "", one.expected.first ?? "", one.state.rawValue)
                < (other.lines.first ?? "", other.expected.first ?? "", other.state.rawValue)
        }
    }
}

/// One comparison under way: what is found, and what is left.
struct MatchingRound {
    private var lines: [StatementLine]
    private var expected: [ExpectedRow]
    private var findings: [Finding] = []
    private let wording: FindingWords

    init(lines: [StatementLine], expected: [ExpectedRow], wording: FindingWords) {
        self.wording = wording
        self.expected = expected.sorted { ($0.occurredAt, $0.id) < ($1.occurredAt, $1.id) }
        self.lines = []
        var seen: Set<String> = []
        for line in lines.sorted(by: Self.areInOrder) {
            if seen.insert(line.key).inserted {
                self.lines.append(line)
            } else {
                findings.append(Finding(.duplicate, lines: [line], words: ["the source has the row \(line.key) again"]))
            }
        }
    }

    /// An order of lines that depends on nothing but them.
    private static func areInOrder(_ one: StatementLine, _ other: StatementLine) -> Bool {
        if one.occurredAt != other.occurredAt { return one.occurredAt < other.occurredAt }
        if one.key != other.key { return one.key < other.key }
        if one.amount.asset != other.amount.asset { return one.amount.asset.text < other.amount.asset.text }
        return one.amount.units < other.amount.units
    }

    /// What rows have to share to be compared by a rule.
    private struct GroupKey: Hashable {
        /// The kind; nil where rows are added up, because a deposit is made of payments, refunds and fees.
        let kind: StatementLine.Kind?
        let values: [String]

        init?(_ rule: MatchingRule, line: StatementLine) {
            guard rule.kinds?.contains(line.kind) ?? true else { return nil }
            self.init(rule, line.kind, line.references, line.amount)
        }

        init?(_ rule: MatchingRule, row: ExpectedRow) {
            guard rule.shape != .oneToOne || rule.kinds?.contains(row.kind) ?? true else { return nil }
            self.init(rule, row.kind, row.references, row.amount)
        }

        /// Nil when a reference is missing.
        private init?(
            _ rule: MatchingRule,
            _ kind: StatementLine.Kind,
            _ references: [String: String],
            _ amount: Amount
        ) {
            var values: [String] = []
            for key in rule.keys {
                guard let value = references[key], !value.isEmpty else { return nil }
                values.append(value)
            }
            self.kind = rule.shape == .oneToOne ? kind : nil
            self.values = rule.keys.isEmpty ? [amount.asset.text, amount.units.description] : values
        }
    }

    /// Takes what a rule matches out of what is left.
    mutating func apply(_ rule: MatchingRule) {
        var groups: [GroupKey: MatchingGroup] = [:]
        var order: [GroupKey] = []
        for (index, row) in expected.enumerated() {
            guard let key = GroupKey(rule, row: row) else { continue }
            if groups[key] == nil { order.append(key) }
            groups[key, default: MatchingGroup()].expected.append(index)
        }
        for (index, line) in lines.enumerated() {
            guard let key = GroupKey(rule, line: line), groups[key] != nil else { continue }
            groups[key]?.lines.append(index)
        }
        var taken = (lines: Set<Int>(), expected: Set<Int>())
        for key in order {
            guard let group = groups[key], !group.lines.isEmpty else { continue }
            let rows = GroupRows(
                lines: group.lines.map { lines[$0] },
                expected: group.expected.map { expected[$0] },
                rule: rule,
                wording: wording
            )
            let result = rows.compare()
            findings += result.findings
            taken.lines.formUnion(result.lines.map { group.lines[$0] })
            taken.expected.formUnion(result.expected.map { group.expected[$0] })
        }
        guard !taken.lines.isEmpty || !taken.expected.isEmpty else { return }
        lines = lines.indices.filter { !taken.lines.contains($0) }.map { lines[$0] }
        expected = expected.indices.filter { !taken.expected.contains($0) }.map { expected[$0] }
    }

    /// All findings, with those about what no rule has matched.
    func finish(now: Timestamp) -> [Finding] {
        let here = lines.map { Finding(.missingHere, lines: [$0], words: [wording.alone($0)]) }
        let there = expected.map { row -> Finding in
            guard row.dueAt < now else { return Finding(.expected, expected: [row]) }
            return Finding(.missingThere, expected: [row], words: [wording.overdue(row)])
        }
        return findings + here + there
    }
}

/// The positions of the rows that share a key.
struct MatchingGroup {
    var lines: [Int] = []
    var expected: [Int] = []
}
