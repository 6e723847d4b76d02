import Exports
import Seams
import StrictJSON
import Testing

@Suite("An export")
struct ExportsTests {
    @Test("has the columns of its version, which never change")
    func columns() {
        let names = ExportTable.all.map { table in
            "\(table.name).\(table.version): " + table.columns.map(\.name).joined(separator: " ")
        }
        #expect(
            names == [
                "balance-transactions.1: id type ledger_kind asset gross fee net rail provider source invoice payment "
                    + "evidence reverses occurred_at posted_at available_on period sequence",
                "payments.1: id invoice rail provider asset amount gross fee net classification state payer evidence occurred_at "
                    + "recorded_at available_at",
                "refunds.1: id payment provider asset amount destination state hash reason failure "
                    + "created_at finished_at",
                "payouts.1: id provider asset amount destination state hash reason failure "
                    + "created_at finished_at",
                "accounts.1: account title kind book asset balance",
            ]
        )
    }

    @Test(
        "has no cell that a spreadsheet takes for a formula (CSV formula injection)",
        arguments: ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠", "=\u{338}", " =", "\u{A0}=", "\u{FEFF}="]
    )
    func formulas(beginning: String) {
        let cell = CSVText.harmless(beginning + "1+1")
        #expect(cell.unicodeScalars.first == "'")
        #expect(cell.unicodeScalars.dropFirst().elementsEqual((beginning + "1+1").unicodeScalars))
        for text in ["tea", "1-2", "a=b", "", "pay_1"] { #expect(CSVText.harmless(text) == text) }
    }

    /// A reader of RFC 4180.
    private static func read(_ text: String, _ separator: Unicode.Scalar) -> [[String]] {
        var (rows, row, cell, isQuoted): ([[String]], [String], String.UnicodeScalarView, Bool) = (
            [], [], .init(), false
        )
        var scalars = Array(text.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "\"" where isQuoted && scalars.first == "\"": cell.append(scalars.removeFirst())
            case "\"": isQuoted.toggle()
            case separator where !isQuoted:
                row.append(String(cell))
                cell = .init()
            case "\n" where !isQuoted:
                row.append(String(cell))
                (rows, row, cell) = (rows + [row], [], .init())
            case "\r" where !isQuoted: break
            default: cell.append(scalar)
            }
        }
        return rows
    }

    @Test("gives a reader of CSV back what it was made of", arguments: 0..<100 as Range<UInt64>)
    func csv(seed: UInt64) {
        let random = SeededRandom(seed: seed)
        let pieces = ["a", "\"", ",", ";", "\r\n", "\n", "=", "é", "\u{301}", " ", "日", "'", "-"]
        func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
        let table = ExportTable.payments
        for separator in [".", ","] as [Character] {
            let csv = CSVText(ExportStyle(decimalSeparator: separator))
            let row = table.columns.map { column -> String in
                column.content == .amount
                    ? "-\(below(99)).\(below(99))" : (0..<below(6)).map { _ in pieces[below(pieces.count)] }.joined()
            }
            let read = Self.read(csv.header(of: table) + csv.line(row, of: table), separator == "," ? ";" : ",")
            #expect(read.count == 2 && read[0] == table.columns.map(\.name), "seed \(seed)")
            let expected = zip(row, table.columns).map { value, column in
                column.content == .amount
                    ? String(value.map { $0 == "." ? separator : $0 }) : CSVText.harmless(value)
            }
            #expect(read.last.map { $0.map { Array($0.utf8) } } == expected.map { Array($0.utf8) }, "seed \(seed)")
        }
    }

    @Test("tells moments and days in the time zone that was asked for")
    func zones() throws {
        let style = ExportStyle { _ in 5 * 3_600 + 1_800 }
        #expect(style.moment("2026-11-30T23:00:00.5Z").hasPrefix("2026-12-01T04:30:00.5"))
        #expect(style.moment("2026-11-30T23:00:00.500Z").hasSuffix("+05:30"))
        #expect(style.date(of: try #require(Timestamp(rfc3339: "2026-11-30T23:00:00Z"))) == "2026-12-01")
        #expect(ExportStyle { _ in -3_600 }.moment("2026-11-30T00:10:00.000Z") == "2026-11-29T23:10:00.000-01:00")
        #expect(ExportStyle().moment("2026-11-30T00:10:00.000Z") == "2026-11-30T00:10:00.000Z")
    }

    @Test("compares beancount's balance on the first day after a period, also after a day of 23 hours")
    func closingDay() throws {
        // Clocks in Berlin go forward on 29 March 2026.
        let change = try #require(Timestamp(rfc3339: "2026-03-29T01:00:00Z"))
        let end = try #require(Timestamp(rfc3339: "2026-03-28T23:00:00Z"))
        var journal = JournalText(.beancount, ExportStyle { $0 < change ? 3_600 : 7_200 })
        let text = journal.end([["asset": "fiat:EUR", "amount": "5"]], at: end)
        #expect(text.contains("2026-03-29 balance Assets:Settlegate  5 EUR"))
    }

    @Test("keeps what strangers wrote within its line of a journal", arguments: JournalText.Dialect.allCases)
    func strangers(dialect: JournalText.Dialect) throws {
        var journal = JournalText(dialect)
        let evil = "x\"\n2026-01-01 * \"gift\"\n  Assets:Settlegate 5 EUR\u{2028}y\\"
        let written = journal.entry(of: [
            "id": "ltx_1", "type": "payment", "asset": "fiat:EUR", "gross": "10", "fee": "1", "net": "9",
            "posted_at": "2026-11-30T10:00:00Z", "evidence": .string(evil),
        ])
        let text = try #require(written)
        #expect(!text.contains("\n2026-01-01"))
        #expect(text.contains("Assets:Settlegate  9 "))
        #expect(text.contains("Income:Payments  -10 "))
    }
}
