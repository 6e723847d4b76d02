/// Rows of values as comma-separated text (RFC 4180), harmless in a spreadsheet.
///
/// Where numbers have a decimal comma, the values are separated by semicolons, as spreadsheets in those countries expect.
package struct CSVText: Sendable {
    private let style: ExportStyle
    private let separator: String

    /// Text in a style.
    package init(_ style: ExportStyle = ExportStyle()) {
        self.style = style
        separator = style.decimalSeparator == "," ? ";" : ","
    }

    /// The line with the names of a table's columns.
    package func header(of table: ExportTable) -> String {
        table.columns.map(\.name).joined(separator: separator) + "\r\n"
    }

    /// The line of a row.
    package func line(_ row: [String?], of table: ExportTable) -> String {
        zip(row, table.columns).map { value, column in
            guard let value else { return "" }
            switch column.content {
            case .text: return Self.cell(value)
            case .amount, .integer: return quoted(Self.isNumber(value) ? style.number(value) : Self.harmless(value))
            case .moment: return Self.cell(style.moment(value))
            }
        }
        .joined(separator: separator) + "\r\n"
    }

    private func quoted(_ number: String) -> String {
        number.unicodeScalars.contains { Self.special.contains($0) } ? "\"\(number)\"" : number
    }

    /// A text as a cell.
    package static func cell(_ text: String) -> String {
        let text = harmless(text)
        guard text.unicodeScalars.contains(where: { special.contains($0) }) else { return text }
        let escaped = text.unicodeScalars.reduce(into: "") { result, scalar in
            result.unicodeScalars.append(contentsOf: scalar == "\"" ? ["\"", "\""] : [scalar])
        }
        return "\"\(escaped)\""
    }

    /// The text with an apostrophe before it where a spreadsheet would take it for a formula.
    ///
    /// Scalars are compared: an equals sign with a combining mark is one character, and no longer equal to it. Spaces before
    /// the sign do not make it harmless, and full-width signs are read like the others.
    package static func harmless(_ text: String) -> String {
        let first = text.unicodeScalars.first { !spaces.contains($0) }
        let isControl = text.unicodeScalars.first.map(controls.contains) == true
        guard isControl || first.map(formulas.contains) == true else { return text }
        return "'" + text
    }

    private static let formulas: Set<Unicode.Scalar> = [
        "=", "+", "-", "@", "＝", "＋", "－", "＠", "\u{FE66}", "\u{FE62}", "\u{FE63}", "\u{FE6B}",
    ]
    private static let controls: Set<Unicode.Scalar> = ["\t", "\r", "\n", "\0"]
    private static let spaces: Set<Unicode.Scalar> = [" ", "\u{A0}", "\u{FEFF}", "\u{3000}", "\t", "\r", "\n"]
    private static let special: Set<Unicode.Scalar> = ["\"", ",", ";", "\r", "\n", "\t"]

    /// Whether a text is a number of the interface: a sign, digits, and a point.
    static func isNumber(_ text: String) -> Bool {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        return !digits.isEmpty
            && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".") }
    }
}
