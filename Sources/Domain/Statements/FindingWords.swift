import Money
import Seams

/// The sentences that stand on findings: what a field is there, and what it is here.
struct FindingWords: Sendable {
    let assets: AssetRegistry

    /// Two amounts.
    func amounts(_ there: Amount, _ here: Amount) -> String { "amount \(text(there)) there, \(text(here)) here" }

    /// Two sums.
    func sums(_ there: AmountSum, _ here: AmountSum) -> String { "sum \(text(there)) there, \(text(here)) here" }

    /// When each side says that it happened.
    func moments(_ line: StatementLine, _ row: ExpectedRow) -> String {
        "happened \(line.occurredAt) there, \(row.occurredAt) here"
    }

    /// A line that we have nothing for.
    func alone(_ line: StatementLine) -> String { "\(line.kind.rawValue) of \(text(line.amount)) there, nothing here" }

    /// A row that the source has nothing for.
    func overdue(_ row: ExpectedRow) -> String {
        "\(row.kind.rawValue) of \(text(row.amount)) here, nothing there; it was due \(row.dueAt)"
    }

    /// The references that both sides have and that are not the same.
    func references(_ line: StatementLine, _ row: ExpectedRow) -> [String] {
        row.references.sorted { $0.key < $1.key }.compactMap { name, here in
            guard let there = line.references[name], there != here else { return nil }
            return "\(name) \(there) there, \(here) here"
        }
    }

    private func text(_ amount: Amount) -> String { text(AmountSum(of: amount)) }

    private func text(_ sum: AmountSum) -> String {
        guard let asset = assets.asset(sum.asset), let text = try? asset.text(sum) else {
            return "\(sum.units) units of \(sum.asset.text)"
        }
        return "\(text) \(asset.code)"
    }
}
