import Seams
import Statements
import Testing

@Suite("Delimited text")
struct DelimitedTextTests {
    /// The rows of a text that comes in pieces of some bytes.
    private func rows(_ text: [UInt8], separator: Character = ",", piece: Int = 1) throws -> [[String]] {
        var reader = DelimitedText(separator: separator.asciiValue ?? 0)
        var rows: [[String]] = []
        for start in stride(from: 0, to: text.count, by: piece) {
            try reader.read(text[start..<min(start + piece, text.count)]) { rows.append($0.fields) }
        }
        try reader.finish { rows.append($0.fields) }
        return rows
    }

    @Test(
        arguments: [
            ("a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]), ("a,b\nc,d", [["a", "b"], ["c", "d"]]),
            ("\"a,b\",\"c\nd\"\n", [["a,b", "c\nd"]]), ("\"say \"\"no\"\"\",\n", [["say \"no\"", ""]]),
            ("\n\r\na\n\n", [["a"]]), ("\"\"\n,\n", [[""], ["", ""]]), ("", []), ("\u{FEFF}a\n", [["a"]]),
            ("\u{FF0B}1\n", [["\u{FF0B}1"]]), ("a\r", [["a"]]),
        ] as [(String, [[String]])]
    )
    func `has these rows, in whatever pieces it comes`(text: String, expected: [[String]]) throws {
        for piece in 1...5 { #expect(try rows(Array(text.utf8), piece: piece) == expected) }
    }

    @Test(arguments: ["\"open", "a\"b\n", "\"a\"b\n", "a\rb\n"])
    func `is refused where rows can no longer be told apart`(text: String) {
        #expect(throws: StatementError(.malformed, "")) { try rows(Array(text.utf8)) }
    }

    @Test func `is refused when it is not UTF-8`() {
        #expect(throws: StatementError(.malformed, "")) { try rows([0x61, 0xFF, 0x0A]) }
    }

    @Test func `has bounded rows`() {
        let long = [UInt8](repeating: 0x61, count: DelimitedText.maximumRowBytes + 1)
        let open = [UInt8(ascii: "\"")] + long
        let wide = [UInt8](repeating: UInt8(ascii: ","), count: DelimitedText.maximumFields + 1) + [0x0A]
        for text in [long, open, wide] {
            #expect(throws: StatementError(.tooLarge, "")) { try rows(text, piece: 4_096) }
        }
    }
}
