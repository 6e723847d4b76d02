/// A table for people on a terminal: columns as wide as their widest cell.
package struct TextTable: Sendable {
    /// The side of its column on which a cell stands.
    package enum Alignment: Sendable {
        case left
        case right
    }

    private let headings: [String]
    private let alignments: [Alignment]
    private var rows: [[String]] = []

    /// A table with headings; amounts stand on the right.
    package init(_ columns: [(heading: String, alignment: Alignment)]) {
        headings = columns.map(\.heading)
        alignments = columns.map(\.alignment)
    }

    /// Adds a row; missing cells are empty.
    package mutating func add(_ cells: [String]) {
        rows.append(cells)
    }

    /// The table's text, a line for each row.
    package var text: String {
        let all = [headings] + rows
        let widths = headings.indices.map { column in all.map { Self.cell($0, column).count }.max() ?? 0 }
        let rule = widths.map { String(repeating: "-", count: $0) }
        return ([headings, rule] + rows).map { line($0, widths) }.joined(separator: "\n")
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var text = ""
        for column in headings.indices {
            let cell = Self.cell(cells, column)
            let space = String(repeating: " ", count: widths[column] - cell.count)
            text += (column > 0 ? "  " : "") + (alignments[column] == .right ? space + cell : cell + space)
        }
        return String(text.reversed().drop { $0 == " " }.reversed())
    }

    private static func cell(_ cells: [String], _ column: Int) -> String {
        column < cells.count ? cells[column] : ""
    }
}
