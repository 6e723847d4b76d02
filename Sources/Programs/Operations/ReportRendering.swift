import Ledger
package import Money
import Payments
package import Reconciliation
import Seams
package import StrictJSON

/// A reconciliation report as people and programs read it.
package struct ReportRendering: Sendable {
    let report: ReconciliationReport
    private let assets: AssetRegistry

    /// The rendering of a report, whose assets are all in the list.
    package init(_ report: ReconciliationReport, assets: AssetRegistry) {
        self.report = report
        self.assets = assets
    }

    /// The report for a terminal.
    package var text: String {
        var parts = ["Ledger and rails\n" + railTable.text, "Trial balance\n" + trialBalanceTable.text]
        if let period = report.period { parts.append(title(of: period) + "\n" + table(of: period).text) }
        if !report.openCases.isEmpty { parts.append("Waiting for a person\n" + caseTable.text) }
        if !report.warnings.isEmpty {
            parts.append("To look after\n" + report.warnings.map { "  - \($0)" }.joined(separator: "\n"))
        }
        let problems = problems
        if !problems.isEmpty { parts.append("Findings\n" + problems.map { "  - \($0)" }.joined(separator: "\n")) }
        return parts.joined(separator: "\n\n")
    }

    /// The reasons why the books are not clean, a sentence each.
    package var problems: [String] {
        var problems = report.auditFindings
        if !report.trialBalance.isBalanced { problems.append("the trial balance is not zero in every asset") }
        if let period = report.period { problems += self.problems(of: period) }
        for line in report.lines where !line.isExplained {
            problems.append("\(line.provider): \(text(line.difference)) \(code(line.ledger.asset)): \(reasons(line))")
        }
        for mark in report.watermarks {
            if let problem = mark.problem { problems.append("\(mark.provider) \(mark.account): \(problem)") }
        }
        for transfer in report.overdue {
            let state = transfer.status.state.rawValue
            problems.append("\(transfer.purpose.id): still \(state), though its fate should be known; ask the rail")
        }
        return problems
    }

    /// The report as JSON.
    package var json: JSONValue {
        [
            "object": "reconciliation_report",
            "made_at": .string(report.madeAt.description),
            "is_clean": .bool(report.isClean),
            "lines": .array(report.lines.map(json)),
            "trial_balance": .array(report.trialBalance.lines.map(json)),
            "period": report.period.map(json) ?? .null,
            "audit_findings": .array(report.auditFindings.map(JSONValue.string)),
            "warnings": .array(report.warnings.map(JSONValue.string)),
            "overdue_transfers": .array(report.overdue.map { .string($0.purpose.id) }),
            "open_cases": .array(report.openCases.map(json)),
            "watermarks": .array(report.watermarks.map(json)),
            "pending_messages": .integer(Int64(report.pendingMessages)),
        ]
    }

    // MARK: - Tables

    private var railTable: TextTable {
        var table = TextTable([
            ("provider", .left), ("asset", .left), ("ledger", .right), ("rail", .right), ("difference", .right),
            ("reason", .left),
        ])
        for line in report.lines {
            table.add([
                line.provider, code(line.ledger.asset), text(line.ledger), text(line.stated), text(line.difference),
                reasons(line),
            ])
        }
        return table
    }

    private var trialBalanceTable: TextTable {
        var table = TextTable([
            ("account", .left), ("asset", .left), ("debit", .right), ("credit", .right), ("balance", .right),
        ])
        for line in report.trialBalance.lines {
            table.add([
                line.account.text, code(line.balance.asset), text(line.debit), text(line.credit), text(line.balance),
            ])
        }
        for total in report.trialBalance.totals {
            table.add(["total", code(total.asset), "", "", text(total)])
        }
        return table
    }

    private var caseTable: TextTable {
        var table = TextTable([
            ("case", .left), ("reason", .left), ("asset", .left), ("amount", .right), ("look for", .left),
        ])
        for open in report.openCases {
            let asset = open.amount?.asset ?? open.setAside?.asset
            let units = open.setAside?.units.map { "\($0) units" } ?? ""
            let amount = open.amount.map { text($0) } ?? units
            table.add([open.id.text, open.reason.rawValue, asset.map(code) ?? "", amount, sought(of: open)])
        }
        return table
    }

    /// What identifies a case to a person: its place on the rail, with the receivers of money that left; or a payment.
    private func sought(of open: ExceptionCase) -> String {
        guard let evidence = open.evidence else {
            return open.setAside?.naturalKey.text ?? open.payment?.text ?? ""
        }
        let what = evidence.sought ?? open.movement?.text ?? ""
        let whose = evidence.place?.account.map { "of \($0)" }
        let receivers = evidence.receivers.map { "\(text($0.amount)) \(code($0.amount.asset)) to \($0.destination)" }
        return ([[what, whose].compactMap(\.self).joined(separator: " ")] + receivers).joined(separator: "; ")
    }

    // MARK: - Objects

    private func json(_ line: ReconciliationReport.Line) -> JSONValue {
        [
            "provider": .string(line.provider),
            "asset": .string(line.ledger.asset.text),
            "ledger": .string(text(line.ledger)),
            "stated": .optional(line.stated.map(text)),
            "difference": .optional(line.difference.map(text)),
            "is_explained": .bool(line.isExplained),
            "reasons": .array(line.reasons.map(JSONValue.string)),
        ]
    }

    private func json(_ line: TrialBalance.Line) -> JSONValue {
        [
            "account": .string(line.account.text),
            "asset": .string(line.balance.asset.text),
            "debit": .string(text(line.debit)),
            "credit": .string(text(line.credit)),
            "balance": .string(text(line.balance)),
        ]
    }

    private func json(_ open: ExceptionCase) -> JSONValue {
        [
            "id": .string(open.id.text),
            "reason": .string(open.reason.rawValue),
            "merchant": .optional(open.merchant?.text),
            "invoice": .optional(open.invoice?.text),
            "payment": .optional(open.payment?.text),
            "asset": .optional((open.amount?.asset ?? open.setAside?.asset)?.text),
            "amount": .optional(open.amount.map { text($0) }),
            "movement": open.evidence.map { json($0, of: open) } ?? .null,
            "opened_at": .string(open.openedAt.description),
        ]
    }

    private func json(_ evidence: MovementEvidence, of open: ExceptionCase) -> JSONValue {
        [
            "key": .optional(open.movement?.text),
            "provider": .string(evidence.provider),
            "network": .optional(evidence.place?.network),
            "account": .optional(evidence.place?.account),
            "hash": .optional(evidence.place?.transaction),
            "block": .optional(evidence.place?.block),
            "reason": .string(evidence.reason),
            "receivers": .array(
                evidence.receivers.map { receiver in
                    [
                        "destination": .string(receiver.destination),
                        "asset": .string(receiver.amount.asset.text),
                        "amount": .string(text(receiver.amount)),
                    ]
                }
            ),
            "occurred_at": .string(evidence.occurredAt.description),
        ]
    }

    private func json(_ mark: ReconciliationReport.Watermark) -> JSONValue {
        [
            "provider": .string(mark.provider),
            "account": .string(mark.account),
            "subject": .string(mark.subject),
            "complete_until": .optional(mark.completeUntil?.description),
            "problem": .optional(mark.problem),
        ]
    }

    // MARK: - Cells

    private func reasons(_ line: ReconciliationReport.Line) -> String { line.reasons.joined(separator: "; ") }

    func code(_ asset: AssetID) -> String { assets.asset(asset)?.code ?? asset.text }

    private func text(_ amount: Amount?) -> String {
        guard let amount else { return "" }
        let known = assets.asset(amount.asset)
        return known.flatMap { try? $0.text(amount) } ?? "\(amount.units) units"
    }

    func text(_ sum: AmountSum) -> String {
        assets.asset(sum.asset).flatMap { try? $0.text(sum) } ?? "\(sum.units) units"
    }
}
