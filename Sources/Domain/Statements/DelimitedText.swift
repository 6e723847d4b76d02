/// Reads delimited text (RFC 4180) piece by piece, with as much memory as its longest row takes.
///
/// A field may be quoted, and then has separators, line breaks and doubled quotes inside. Rows end with LF or CRLF. A
/// byte order mark at the beginning is skipped, and so are rows without a character.
package struct DelimitedText: Sendable {
    /// One row.
    package struct Row: Hashable, Sendable {
        /// The number of the line on which the row begins, from 1, as an editor shows it.
        package let line: Int
        /// The fields.
        package let fields: [String]
    }

    /// The most bytes of a row.
    package static let maximumRowBytes = 65_536
    /// The most fields of a row.
    package static let maximumFields = 256

    private enum State {
        case fieldStart
        case plain
        case quoted
        case quoteInQuoted
    }

    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private let separator: UInt8
    private var state = State.fieldStart
    private var field: [UInt8] = []
    private var fields: [String] = []
    private var line = 1
    private var firstLine = 1
    private var rowBytes = 0
    private var sawCarriageReturn = false
    /// How many bytes of the byte order mark were seen; nil when the beginning has passed.
    private var markBytes: Int? = 0

    /// A reader of text whose fields are separated by `separator`.
    package init(separator: UInt8 = UInt8(ascii: ",")) {
        self.separator = separator
    }

    /// Reads more bytes.
    ///
    /// - Parameters:
    ///   - bytes: the next bytes of the file.
    ///   - take: takes each row that they complete.
    /// - Throws: ``StatementError`` with ``StatementError/Code/malformed`` or ``StatementError/Code/tooLarge``.
    package mutating func read(_ bytes: some Sequence<UInt8>, take: (Row) -> Void) throws(StatementError) {
        for byte in bytes {
            guard let seen = markBytes else {
                try read(byte, take)
                continue
            }
            if byte == Self.mark[seen] {
                markBytes = seen + 1 == Self.mark.count ? nil : seen + 1
                continue
            }
            markBytes = nil
            for earlier in Self.mark.prefix(seen) { try read(earlier, take) }
            try read(byte, take)
        }
    }

    /// Reads the end of the file.
    ///
    /// - Throws: ``StatementError`` with ``StatementError/Code/malformed`` when a quote is open, or as ``read(_:take:)``.
    package mutating func finish(take: (Row) -> Void) throws(StatementError) {
        guard state != .quoted else {
            throw StatementError(.malformed, "the quote of the row on line \(firstLine) is never closed")
        }
        if rowBytes > (sawCarriageReturn ? 1 : 0) { try endField() }
        endRow(take)
    }

    private mutating func read(_ byte: UInt8, _ take: (Row) -> Void) throws(StatementError) {
        rowBytes += 1
        guard rowBytes <= Self.maximumRowBytes else {
            throw StatementError(.tooLarge, "the row on line \(firstLine) has more than \(Self.maximumRowBytes) bytes")
        }
        if byte == UInt8(ascii: "\n") { line += 1 }
        if state == .quoted {
            if byte == UInt8(ascii: "\"") { state = .quoteInQuoted } else { field.append(byte) }
            return
        }
        if byte == UInt8(ascii: "\n") {
            if rowBytes > (sawCarriageReturn ? 2 : 1) { try endField() }
            endRow(take)
            return
        }
        guard !sawCarriageReturn else {
            throw StatementError(.malformed, "line \(line) has a carriage return that does not end it; quote the field")
        }
        switch byte {
        case UInt8(ascii: "\r"): sawCarriageReturn = true
        case separator: try endField()
        case UInt8(ascii: "\""): try readQuote()
        default:
            guard state != .quoteInQuoted else {
                throw StatementError(.malformed, "line \(line) has text after a closing quote; double a quote inside")
            }
            state = .plain
            field.append(byte)
        }
    }

    private mutating func readQuote() throws(StatementError) {
        switch state {
        case .fieldStart: state = .quoted
        case .quoteInQuoted:
            state = .quoted
            field.append(UInt8(ascii: "\""))
        case .plain, .quoted:
            throw StatementError(.malformed, "line \(line) has a quote inside a field that does not begin with one")
        }
    }

    private mutating func endField() throws(StatementError) {
        guard fields.count < Self.maximumFields else {
            throw StatementError(.tooLarge, "the row on line \(firstLine) has more than \(Self.maximumFields) fields")
        }
        guard let text = String(validating: field, as: UTF8.self) else {
            throw StatementError(.malformed, "the row on line \(firstLine) is not UTF-8; convert the file to UTF-8")
        }
        fields.append(text)
        field.removeAll(keepingCapacity: true)
        state = .fieldStart
    }

    private mutating func endRow(_ take: (Row) -> Void) {
        if !fields.isEmpty { take(Row(line: firstLine, fields: fields)) }
        fields.removeAll(keepingCapacity: true)
        (state, rowBytes, sawCarriageReturn, firstLine) = (.fieldStart, 0, false, line)
    }
}
