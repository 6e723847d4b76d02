import Foundation
import Storage

/// The statements of one credit as a script of pgbench: what belongs to the invoice comes from a table of open invoices,
/// what has to be new is drawn.
struct PgbenchScript {
    /// The identifiers of the credit that was recorded, and the script's variables for them.
    let variables: [(text: String, name: String)]
    let invoices: Int
    /// What is drawn anew for each credit, numbered.
    private var drawn: [String: Int] = [:]

    init(variables: [(text: String, name: String)], invoices: Int) {
        self.variables = variables
        self.invoices = invoices
    }

    mutating func text(of credit: [RecordedStatement], beside other: [RecordedStatement]) -> String {
        var lines = [
            "\\set i random(1, \(invoices))", "\\set r random(1000000000, 4000000000000000000)",
            "SELECT option, invoice, merchant FROM bench_invoices WHERE n = :i \\gset", "BEGIN;",
        ]
        let known = Set(other.flatMap(\.arguments))
        for statement in credit {
            var sql = statement.sql.split(whereSeparator: \.isNewline).joined(separator: " ")
            // From the last argument on, so that $1 does not change $12.
            for position in statement.arguments.indices.reversed() {
                let value = statement.arguments[position]
                let text = expression(value, isNew: !known.contains(value))
                sql = sql.replacingOccurrences(of: "$\(position + 1)", with: text)
            }
            lines.append(sql + ";")
        }
        return (lines + ["END;"]).joined(separator: "\n") + "\n"
    }

    private mutating func expression(_ value: SQLValue, isNew: Bool) -> String {
        switch value {
        case .null: return "NULL"
        // Numbers of the journal are new in each credit; moments need not be.
        case .integer(let integer): return isNew && integer < 1_000_000_000 ? ":r" : "\(integer)"
        case .blob(let bytes): return "E'\\\\x" + bytes.map { String(format: "%02x", $0) }.joined() + "'"
        case .text(let text):
            for (known, name) in variables where text.contains(known) {
                let parts = text.components(separatedBy: known).map(quoted)
                return "(" + parts.joined(separator: " || :\(name) || ") + ")"
            }
            guard isNew, text.utf8.count < 40 else { return quoted(text) }
            // What is new once is the same in all statements that name it.
            let number = drawn[text] ?? drawn.count
            drawn[text] = number
            return "(\(quoted(String(text.prefix(4)))) || :r || \(quoted(" \(number)")))"
        }
    }

    /// A literal without colons, behind which pgbench would look for a variable.
    private func quoted(_ text: String) -> String {
        let escaped = text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "'", with: "''")
            .replacingOccurrences(of: ":", with: "\\x3A")
        return "E'" + escaped + "'"
    }
}
