package import Money
import Seams

/// Reads a source's file by its layout, piece by piece; the memory does not grow with the file.
///
/// The header is the first row that has every column that the layout names. A row that cannot be understood is a
/// ``RowFault`` and the rows after it are read all the same.
package struct StatementReader: Sendable {
    /// What a row of the file is.
    package enum Row: Hashable, Sendable {
        /// A line, and the number of the line of text on which it begins.
        case line(StatementLine, at: Int)
        /// A row that is not taken, and why.
        case fault(RowFault)
        /// A row that the layout leaves out.
        case skipped(at: Int)
    }

    /// The most rows before the header.
    private static let maximumPreamble = 50
    /// The most bytes of a key or reference; more is no name of anything.
    private static let maximumNameBytes = 255

    private let layout: StatementLayout
    private let assets: AssetRegistry
    private var text: DelimitedText
    private var positions: [String: Int]?
    private var preamble = 0
    private var failure: StatementError?

    /// A reader of files of a layout.
    ///
    /// - Throws: ``StatementError`` with ``StatementError/Code/layout`` when the layout contradicts itself.
    package init(layout: StatementLayout, assets: AssetRegistry) throws(StatementError) {
        try layout.check()
        self.layout = layout
        self.assets = assets
        text = DelimitedText(separator: layout.separator.utf8.first ?? UInt8(ascii: ","))
    }

    /// Reads more bytes of the file.
    ///
    /// - Throws: ``StatementError`` with ``StatementError/Code/malformed`` or ``StatementError/Code/tooLarge`` when
    ///   nothing after this point can be trusted.
    package mutating func read(_ bytes: some Sequence<UInt8>, take: (Row) -> Void) throws(StatementError) {
        var found: [DelimitedText.Row] = []
        try text.read(bytes) { found.append($0) }
        try takeRows(found, take)
    }

    /// Reads the end of the file.
    ///
    /// - Throws: as ``read(_:take:)``, and when the file has no header.
    package mutating func finish(take: (Row) -> Void) throws(StatementError) {
        var found: [DelimitedText.Row] = []
        try text.finish { found.append($0) }
        try takeRows(found, take)
        guard positions != nil else { throw missingHeader }
    }

    private mutating func takeRows(_ rows: [DelimitedText.Row], _ take: (Row) -> Void) throws(StatementError) {
        for row in rows {
            if let positions {
                take(read(row, at: positions))
                continue
            }
            positions = try header(row)
            preamble += 1
            guard positions != nil || preamble < Self.maximumPreamble else { throw missingHeader }
        }
    }

    private var missingHeader: StatementError {
        let columns = layout.named.sorted().joined(separator: ", ")
        return StatementError(.malformed, "no row is a header of the layout \(layout.name), which has \(columns)")
    }

    /// The positions of the columns when the row is the header; nil otherwise.
    private func header(_ row: DelimitedText.Row) throws(StatementError) -> [String: Int]? {
        let names = row.fields.map(Self.trimmed)
        guard layout.named.isSubset(of: names) else { return nil }
        var positions: [String: Int] = [:]
        for (position, name) in names.enumerated() where layout.named.contains(name) {
            guard positions.updateValue(position, forKey: name) == nil else {
                throw StatementError(.malformed, "line \(row.line): the column \(name) is there twice; remove one")
            }
        }
        return positions
    }

    private func read(_ row: DelimitedText.Row, at positions: [String: Int]) -> Row {
        let first = Self.trimmed(row.fields[0])
        if layout.summaries?.contains(where: { first.hasPrefix($0) }) ?? false { return .skipped(at: row.line) }
        let fields = RowFields(row: row, positions: positions)
        do {
            for skipped in layout.skip ?? [] where skipped.values.contains(try fields[skipped.column]) {
                return .skipped(at: row.line)
            }
            return .line(try line(fields), at: row.line)
        } catch { return .fault(error) }
    }

    private func line(_ fields: RowFields) throws(RowFault) -> StatementLine {
        let kind = try kind(fields)
        let asset = try asset(fields)
        let isOutgoing = layout.outgoing?.contains(kind) ?? false
        func amount(_ column: String?) throws(RowFault) -> Amount? {
            guard let column else { return nil }
            return try self.amount(fields, column, asset)
        }
        guard let moved = try amount(layout.columns.amount) else { throw fields.fault(nil, "there is no amount") }
        let net = try fields.exactly(layout.columns.amount) { () throws(MoneyError) in
            isOutgoing ? try moved.negated() : moved
        }
        let stated = try amount(layout.columns.gross)
        let gross = try fields.exactly(layout.columns.gross) { () throws(MoneyError) in
            isOutgoing ? try stated?.negated() : stated
        }
        var fee = try amount(layout.columns.fee)
        if let gross {
            let difference = try fields.exactly(layout.columns.gross) { () throws(MoneyError) in
                try gross.subtracting(net)
            }
            guard fee == nil || fee == difference else {
                throw fields.fault(layout.columns.fee, "gross less fee is not the amount; get a new file")
            }
            fee = difference
        }
        guard let occurredAt = layout.moment.moment(try fields[layout.columns.occurredAt]) else {
            let reason = "the moment is not written as \(layout.moment.form); correct the row or the layout"
            throw fields.fault(layout.columns.occurredAt, reason)
        }
        var references: [String: String] = [:]
        for (name, column) in layout.references {
            let value = try boundedText(fields, column)
            if !value.isEmpty { references[name] = value }
        }
        return StatementLine(
            key: try key(fields),
            kind: kind,
            occurredAt: occurredAt,
            amount: net,
            gross: gross,
            fee: fee,
            references: references,
            description: try layout.columns.description.map { column throws(RowFault) in try fields[column] } ?? ""
        )
    }

    private func boundedText(_ fields: RowFields, _ column: String) throws(RowFault) -> String {
        let value = try fields[column]
        guard value.utf8.count <= Self.maximumNameBytes else {
            throw fields.fault(column, "it has more than \(Self.maximumNameBytes) bytes; correct the row")
        }
        return value
    }

    private func key(_ fields: RowFields) throws(RowFault) -> String {
        var parts: [String] = []
        for column in layout.key {
            let part = try boundedText(fields, column)
            guard !part.isEmpty else { throw fields.fault(column, "it names the row and is empty; correct the row") }
            parts.append(part)
        }
        return parts.joined(separator: "\u{1F}")
    }

    private func kind(_ fields: RowFields) throws(RowFault) -> StatementLine.Kind {
        if let kind = layout.kind { return kind }
        let column = layout.columns.kind ?? ""
        let word = try fields[column]
        guard let kind = layout.kinds?[word] else {
            throw fields.fault(column, "'\(word.prefix(40))' has no kind; add it to kinds or skip of \(layout.name)")
        }
        return kind
    }

    private func asset(_ fields: RowFields) throws(RowFault) -> Asset {
        var id = layout.asset ?? ""
        if let column = layout.columns.asset { id = "fiat:" + (try fields[column]).uppercased() }
        guard let known = try? AssetID(id), let asset = assets.asset(known) else {
            throw fields.fault(layout.columns.asset, "\(id.prefix(40)) is not known; add it to assets.yaml")
        }
        return asset
    }

    private func amount(_ fields: RowFields, _ column: String, _ asset: Asset) throws(RowFault) -> Amount {
        let written = try fields[column]
        guard layout.decimal == "." || !written.contains(".") else {
            throw fields.fault(column, "a point stands in an amount whose decimal separator is \(layout.decimal)")
        }
        let text = layout.decimal == "." ? written : String(written.map { $0 == "," ? "." : $0 })
        // Sources write a zero with a sign, and a sign before positive amounts.
        let plain = text.hasPrefix("+") && !text.hasPrefix("+-") ? String(text.dropFirst()) : text
        let isZero = (try? asset.amount(String(plain.dropFirst(plain.hasPrefix("-") ? 1 : 0))))?.isZero ?? false
        guard !isZero else { return .zero(asset.id) }
        return try fields.exactly(column) { () throws(MoneyError) in
            try asset.amount(plain, allowingNegative: true)
        }
    }

    /// The text without spaces and tabs around it.
    static func trimmed(_ text: String) -> String {
        let start = text.drop { $0 == " " || $0 == "\t" }
        let end = start.reversed().prefix { $0 == " " || $0 == "\t" }.count
        return String(start.dropLast(end))
    }
}
