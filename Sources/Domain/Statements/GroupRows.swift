import BigInt
import Money
import Seams

/// The rows of both sides that share a rule's key, each side by time.
struct GroupRows {
    let lines: [StatementLine]
    let expected: [ExpectedRow]
    let rule: MatchingRule
    let wording: FindingWords

    /// What was found, and the positions of the rows that it is about.
    struct Result {
        var findings: [Finding] = []
        var lines: Set<Int> = []
        var expected: Set<Int> = []

        mutating func add(_ finding: Finding, line: Int, expected position: Int) {
            findings.append(finding)
            lines.insert(line)
            expected.insert(position)
        }
    }

    /// What the rule says about them.
    func compare() -> Result {
        switch rule.shape {
        case .oneToOne: rule.keys.isEmpty ? byAmount() : oneByOne()
        case .oneToMany: lines.count == 1 ? asSums() : Result()
        case .manyToOne: expected.count == 1 ? asSums() : Result()
        case .manyToMany: asSums()
        }
    }

    /// Rows without a common reference: asset and amount are the same, the days have to agree, and a person accepts it.
    private func byAmount() -> Result {
        var result = Result()
        var (line, position) = (0, 0)
        while line < lines.count, position < expected.count {
            switch distance(lines[line], expected[position]) {
            case .tooEarly: line += 1
            case .tooLate: position += 1
            case .within:
                let words = ["amount and day agree, and no reference is the same"]
                result.add(
                    finding(.suggested, lines[line], expected[position], words),
                    line: line,
                    expected: position
                )
                (line, position) = (line + 1, position + 1)
            }
        }
        return result
    }

    /// Pairs: first those whose amounts are the same, then those of the same asset by size, then the rest.
    private func oneByOne() -> Result {
        var result = Result()
        var byAmount: [Amount: [Int]] = [:]
        for (position, row) in expected.enumerated().reversed() { byAmount[row.amount, default: []].append(position) }
        for (index, line) in lines.enumerated() {
            guard let position = byAmount[line.amount]?.popLast() else { continue }
            result.add(agreeing(line, expected[position]), line: index, expected: position)
        }
        let told = Set(result.lines.map { lines[$0].amount })
        pairBySize(&result, told: told)
        let (linesLeft, rowsLeft) = left(result)
        let others = linesLeft.filter { !rule.unique || !told.contains(lines[$0].amount) }
        for (line, position) in zip(others, rowsLeft) {
            let words = [wording.amounts(lines[line].amount, expected[position].amount)]
            let found = finding(.currencyDiffers, lines[line], expected[position], words)
            result.add(found, line: line, expected: position)
        }
        guard rule.unique else { return result }
        for line in left(result).lines where told.contains(lines[line].amount) {
            let words = ["the source tells of \(rule.keys.joined(separator: ", ")) again"]
            result.findings.append(Finding(.duplicate, rule: rule.name, lines: [lines[line]], words: words))
            result.lines.insert(line)
        }
        return result
    }

    private func left(_ result: Result) -> (lines: [Int], expected: [Int]) {
        (
            lines.indices.filter { !result.lines.contains($0) },
            expected.indices.filter { !result.expected.contains($0) }
        )
    }

    /// Pairs rows of one asset whose amounts differ, the smallest with the smallest.
    private func pairBySize(_ result: inout Result, told: Set<Amount>) {
        let (linesLeft, rowsLeft) = left(result)
        var rows = Dictionary(grouping: rowsLeft) { expected[$0].amount.asset }.mapValues { positions in
            positions.sorted { (expected[$0].amount.units, $0) > (expected[$1].amount.units, $1) }
        }
        // A line that repeats one is no other amount of a row.
        let others = linesLeft.filter { !rule.unique || !told.contains(lines[$0].amount) }
        for line in others.sorted(by: { (lines[$0].amount.units, $0) < (lines[$1].amount.units, $1) }) {
            guard let position = rows[lines[line].amount.asset]?.popLast() else { continue }
            result.add(differing(lines[line], expected[position]), line: line, expected: position)
        }
    }

    private func agreeing(_ line: StatementLine, _ row: ExpectedRow) -> Finding {
        let words = wording.references(line, row)
        guard distance(line, row) == .within else {
            return finding(.late, line, row, [wording.moments(line, row)] + words)
        }
        return finding(words.isEmpty ? .matched : .suggested, line, row, words)
    }

    private func differing(_ line: StatementLine, _ row: ExpectedRow) -> Finding {
        var words = [wording.amounts(line.amount, row.amount)]
        let isNear = distance(line, row) == .within
        if !isNear { words.append(wording.moments(line, row)) }
        let variance = BigInt(line.amount.units) - BigInt(row.amount.units)
        let isSmall = isTolerated(variance, of: BigInt(row.amount.units))
        let state: Finding.State = isNear && isSmall ? .suggested : .amountDiffers
        return finding(state, line, row, words + wording.references(line, row))
    }

    private func finding(
        _ state: Finding.State,
        _ line: StatementLine,
        _ row: ExpectedRow,
        _ words: [String]
    ) -> Finding {
        let isSame = line.amount.asset == row.amount.asset
        let difference = isSame ? AmountSum(of: line.amount).subtracting(AmountSum(of: row.amount)) : nil
        return Finding(
            state,
            rule: rule.name,
            lines: [line],
            expected: [row],
            difference: difference,
            words: words
        )
    }

    /// All of both sides against each other.
    private func asSums() -> Result {
        let assets = Set(lines.map(\.amount.asset)).union(expected.map(\.amount.asset))
        guard let asset = assets.first, assets.count == 1 else {
            return everything(.currencyDiffers, nil, ["the currencies differ"])
        }
        var (there, here) = (AmountSum(of: asset), AmountSum(of: asset))
        for line in lines { there.add(BigInt(line.amount.units)) }
        for row in expected { here.add(BigInt(row.amount.units)) }
        let difference = there.subtracting(here)
        if !difference.isZero {
            let state: Finding.State = isTolerated(difference.units, of: here.units) ? .suggested : .amountDiffers
            return everything(state, difference, [wording.sums(there, here)])
        }
        guard let line = lines.last, let row = expected.last, distance(line, row) != .within else {
            return everything(.matched, difference, [])
        }
        return everything(.late, difference, [wording.moments(line, row)])
    }

    private func everything(_ state: Finding.State, _ difference: AmountSum?, _ words: [String]) -> Result {
        let finding = Finding(
            state,
            rule: rule.name,
            lines: lines,
            expected: expected,
            difference: difference,
            words: words
        )
        return Result(findings: [finding], lines: Set(lines.indices), expected: Set(expected.indices))
    }

    private func isTolerated(_ variance: BigInt, of amount: BigInt) -> Bool {
        let size = BigInt(variance.magnitude)
        return size <= BigInt(rule.toleranceUnits)
            || size * 10_000 <= BigInt(amount.magnitude) * BigInt(rule.toleranceBasisPoints)
    }

    private enum Distance {
        case tooEarly
        case within
        case tooLate
    }

    private func distance(_ line: StatementLine, _ row: ExpectedRow) -> Distance {
        let day: Int64 = 86_400
        let (first, overflow) = line.occurredAt.seconds.subtractingReportingOverflow(row.occurredAt.seconds)
        guard !overflow else { return line.occurredAt < row.occurredAt ? .tooEarly : .tooLate }
        if first < -rule.daysBefore * day { return .tooEarly }
        return first > rule.daysAfter * day ? .tooLate : .within
    }
}
