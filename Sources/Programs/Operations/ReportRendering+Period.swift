import Ledger
import Money
import Reconciliation
import StrictJSON

/// The trial balance of a period.
extension ReportRendering {
    /// The title of the table.
    func title(of period: PeriodBalance) -> String {
        let title = "Period \(period.period)"
        return isOver(period) ? title : title + ", which is not over: it closes with the balances of now"
    }

    /// The table: each account's opening balance, debits, credits and closing balance.
    func table(of period: PeriodBalance) -> TextTable {
        var table = TextTable([
            ("account", .left), ("asset", .left), ("opening", .right), ("debit", .right), ("credit", .right),
            ("closing", .right),
        ])
        for line in period.lines {
            table.add([
                line.account.text, code(line.opening.asset), text(line.opening), text(line.debit), text(line.credit),
                text(line.closing),
            ])
        }
        for total in period.totals {
            table.add([
                "total", code(total.opening.asset), text(total.opening), text(total.debit), text(total.credit),
                text(total.closing),
            ])
        }
        return table
    }

    /// The errors in it, a sentence each.
    func problems(of period: PeriodBalance) -> [String] {
        let lines = period.lines.filter { !$0.addsUp }.map { line in
            """
            \(line.account) in \(line.opening.asset): what was booked in \(period.period) does not lead from its opening \
            balance to its closing balance
            """
        }
        let totals = period.totals.filter { !$0.isBalanced }.map { total in
            "\(period.period) is not balanced in \(total.opening.asset)"
        }
        return lines + totals
    }

    /// The period as JSON.
    func json(_ period: PeriodBalance) -> JSONValue {
        [
            "period": .string(period.period.description),
            "is_over": .bool(isOver(period)),
            "trial_balance": .array(period.lines.map(json)),
        ]
    }

    private func json(_ line: PeriodBalance.Line) -> JSONValue {
        [
            "account": .string(line.account.text),
            "asset": .string(line.opening.asset.text),
            "opening": .string(text(line.opening)),
            "debit": .string(text(line.debit)),
            "credit": .string(text(line.credit)),
            "closing": .string(text(line.closing)),
        ]
    }

    /// Whether the period is over: nothing more is booked into it.
    private func isOver(_ period: PeriodBalance) -> Bool { period.period < report.currentPeriod }
}
