import Foundation
import Storage

/// The statements of one credit as a script of pgbench: what belongs to the invoice comes from a table of open invoices,
/// what has to be new is drawn.
struct PgbenchScript {
    /// What is different for each invoice: the columns of the table, and what the recorded credit has there.
    let variables: [(name: String, value: SQLValue)]
    let invoices: Int
    /// What is drawn anew for each credit, numbered.
    private var drawn: [SQLValue: Int] = [:]

    init(variables: [(name: String, value: SQLValue)], invoices: Int) {
        self.variables = variables
        self.invoices = invoices
    }

    mutating func text(of credit: [RecordedStatement], beside other: [RecordedStatement]) -> String {
        let names = variables.map(\.name).joined(separator: ", ")
        var lines = [
            "\\set i random(1, \(invoices))", "\\set r random(1000000000, 4000000000000000000)",
            "SELECT \(names) FROM bench_invoices WHERE n = :i \\gset", "BEGIN;",
            // Events are numbered in the order of commits: the lock of the only book keeps them apart, as the gateway's does.
            "SELECT pg_advisory_xact_lock(1);",
        ]
        let known = Set(other.flatMap(\.arguments))
        for statement in credit {
            // The journal's number is new in each credit, and may be as small as any other.
            let isNumbered = ["ledger_transactions", "postings"].contains {
                statement.sql.contains("INTO \($0) (book, sequence")
            }
            var sql = statement.sql.split(whereSeparator: \.isNewline).joined(separator: " ")
            // From the last argument on, so that $1 does not change $12.
            for position in statement.arguments.indices.reversed() {
                let value = statement.arguments[position]
                let isNumber = isNumbered && position == 1
                let text = isNumber ? ":r" : expression(value, isNew: !known.contains(value))
                sql = sql.replacingOccurrences(of: "$\(position + 1)", with: text)
            }
            lines.append(sql + ";")
        }
        return (lines + ["END;"]).joined(separator: "\n") + "\n"
    }

    private mutating func expression(_ value: SQLValue, isNew: Bool) -> String {
        if let variable = variables.first(where: { $0.value == value }) { return ":\(variable.name)" }
        switch value {
        case .null: return "NULL"
        case .integer(let integer): return "\(integer)"
        case .units(let units): return "\(units)"
        // Identifiers have 16 bytes; digests and seals need not be new.
        case .blob(let bytes) where isNew && bytes.count == 16:
            let number = String(format: "%016x", numberOfDrawn(value))
            return "decode(lpad(to_hex(:r::bigint), 16, '0') || '\(number)', 'hex')"
        case .blob(let bytes): return "E'\\\\x" + bytes.map { String(format: "%02x", $0) }.joined() + "'"
        case .text(let text):
            guard isNew, text.utf8.count < 40 else { return quoted(text) }
            return "(\(quoted(String(text.prefix(4)))) || :r || \(quoted(" \(numberOfDrawn(value))")))"
        }
    }

    /// What is new once is the same in all statements that name it.
    private mutating func numberOfDrawn(_ value: SQLValue) -> Int {
        let number = drawn[value] ?? drawn.count
        drawn[value] = number
        return number
    }

    /// A literal without colons, behind which pgbench would look for a variable.
    private func quoted(_ text: String) -> String {
        let escaped = text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "'", with: "''")
            .replacingOccurrences(of: ":", with: "\\x3A")
        return "E'" + escaped + "'"
    }
}
