import Money

/// A row that is not taken: where it stands, and what to do about it.
package struct RowFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The number of the line of text on which the row begins, from 1.
    package let line: Int
    /// The column; nil when it is about the whole row.
    package let column: String?
    /// What is wrong and what to do about it, for a person.
    package let reason: String

    /// The fault as a sentence.
    package var description: String {
        "line \(line)\(column.map { ", column \($0)" } ?? ""): \(reason)"
    }
}

/// The fields of one row, by the names of the columns.
struct RowFields {
    let row: DelimitedText.Row
    let positions: [String: Int]

    /// The text of a column, without spaces around it.
    subscript(column: String) -> String {
        get throws(RowFault) {
            guard let position = positions[column], position < row.fields.count else {
                throw fault(column, "the row ends before it; correct the row")
            }
            return StatementReader.trimmed(row.fields[position])
        }
    }

    /// A fault of this row.
    func fault(_ column: String?, _ reason: String) -> RowFault {
        RowFault(line: row.line, column: column, reason: reason)
    }

    /// The result of exact arithmetic, or the fault that it is.
    func exactly<Value>(_ column: String?, _ body: () throws(MoneyError) -> Value) throws(RowFault) -> Value {
        do { return try body() } catch { throw fault(column, "\(error.reason); correct the row or the layout") }
    }
}
