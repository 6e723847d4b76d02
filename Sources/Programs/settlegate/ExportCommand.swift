import ArgumentParser
import CommandParts
import Exports
import Foundation
import Gateway
import Seams
import StrictJSON

/// The formats of exports.
enum ExportFormat: String, ExpressibleByArgument, CaseIterable {
    case csv
    case jsonl
    case beancount
    case hledger
}

/// Writes a merchant's rows to a file, read from the running gateway.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write balance transactions, payments, refunds, payouts or accounts for other programs.",
        discussion: """
            The gateway goes on working meanwhile. The balance transactions of a month that is over
            are the same rows and amounts whenever they are written.

            Example:
              settlegate export balance-transactions --period 2026-11 --format csv --output november.csv
              settlegate export balance-transactions --period 2026-11 --time-zone Europe/Berlin --format beancount
            """
    )
    @OptionGroup var merchant: MerchantOptions
    @Argument(help: "balance-transactions, payments, refunds, payouts, or accounts (with the operator's key).")
    var table: String
    @Option(help: "csv, jsonl, beancount or hledger; the last two for balance-transactions.") var format: ExportFormat
    @Option(help: "A month, for example 2026-11.") var period: String?
    @Option(help: "The first day, for example 2026-11-01.") var from: String?
    @Option(help: "The first day after the last one.") var until: String?
    @Option(help: "The time zone of days and moments, for example Europe/Berlin.") var timeZone = "UTC"
    @Option(help: "point or comma.") var decimalSeparator = "point"
    @Option(help: "The file to write; standard output without it.") var output: String?

    mutating func run() async throws {
        let wish = self
        try await Console.usable {
            let export = try Export(wish)
            do { try await export.write() } catch {
                export.abandon()
                throw error
            }
        }
    }
}

/// An export under way.
private struct Export {
    private let client: MerchantClient
    private let table: ExportTable
    private let format: ExportFormat
    private let style: ExportStyle
    private let start: Timestamp?
    private let end: Timestamp?
    private let file: ExportFile

    init(_ wish: ExportCommand) throws {
        client = try wish.merchant.client()
        guard let table = ExportTable.all.first(where: { $0.name == wish.table }) else {
            let names = ExportTable.all.map(\.name).joined(separator: ", ")
            throw ConfigurationError("there is no table '\(wish.table)'; the tables are \(names)")
        }
        self.table = table
        format = wish.format
        let isJournal = format == .beancount || format == .hledger
        guard !isJournal || table == .balanceTransactions else {
            throw ConfigurationError("only balance-transactions are written for \(format.rawValue)")
        }
        guard let zone = TimeZone(identifier: wish.timeZone) else {
            throw ConfigurationError("there is no time zone '\(wish.timeZone)'; an example is Europe/Berlin")
        }
        guard let separator = ["point": ".", "comma": ","][wish.decimalSeparator] else {
            throw ConfigurationError("the decimal separator is 'point' or 'comma'")
        }
        style = ExportStyle(decimalSeparator: Character(separator)) { moment in
            zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(moment.seconds)))
        }
        let days = ExportDays(zone)
        (start, end) = try days.span(period: wish.period, from: wish.from, until: wish.until)
        guard table.moment != nil || start == nil && end == nil else {
            throw ConfigurationError("'\(table.name)' is told as of now, and has no period")
        }
        guard !isJournal || start != nil && end != nil else {
            throw ConfigurationError("a journal is of a period: name one with --period, or --from and --until")
        }
        file = try ExportFile(wish.output)
    }

    func write() async throws {
        switch format {
        case .csv:
            let csv = CSVText(style)
            try file.write(csv.header(of: table))
            try await rows { csv.line(table.row(of: $0), of: table) }
        case .jsonl: try await rows { table.line(of: $0) }
        case .beancount: try await journal(.beancount)
        case .hledger: try await journal(.hledger)
        }
        try file.close()
    }

    /// Leaves nothing of an export that failed.
    func abandon() { file.abandon() }

    private func journal(_ dialect: JournalText.Dialect) async throws {
        guard let start, let end else { return }
        var journal = JournalText(dialect, style)
        // A moment of the interface is in milliseconds, and includes all of the last one.
        let before = "\(start.advanced(by: .milliseconds(-1)))"
        try file.write(journal.beginning(await balances(asOf: before), at: start))
        // The rows come newest first. What is booked meanwhile is in none of them, and not in the balances of the newest.
        var newest: String?
        var after: String?
        repeat {
            let page = try await page(after)
            newest = newest ?? page.data.first?["posted_at"]?.stringValue
            for object in page.data {
                guard let entry = journal.entry(of: object) else {
                    throw ConfigurationError("the gateway has told of a row that this program does not know")
                }
                try file.write(entry)
            }
            after = page.next
        } while after != nil
        try file.write(journal.end(await balances(asOf: newest ?? before), at: end))
    }

    private func balances(asOf moment: String) async throws -> [JSONValue] {
        try await client.get("/v1/balances?as_of=\(moment)")["data"]?.arrayValue ?? []
    }

    /// Writes all rows of the table, in pieces.
    private func rows(_ line: (JSONValue) -> String) async throws {
        var after: String?
        repeat {
            let page = try await page(after)
            try file.write(page.data.map(line).joined())
            after = page.next
        } while after != nil
    }

    private func page(_ after: String?) async throws -> (data: [JSONValue], next: String?) {
        var query: [String] = []
        if let moment = table.moment {
            query.append("limit=100")
            if let start { query.append("\(moment)_from=\(start)") }
            if let end { query.append("\(moment)_until=\(end)") }
            if let after { query.append("starting_after=\(after)") }
        }
        let found = try await client.get(table.path + "?" + query.joined(separator: "&"))
        let data = found["data"]?.arrayValue ?? []
        guard found["has_more"]?.boolValue == true else { return (data, nil) }
        guard let last = data.last?["id"]?.stringValue else {
            throw ConfigurationError("the gateway has told of more rows, and not where they begin")
        }
        return (data, last)
    }
}

/// Days of a time zone as moments.
private struct ExportDays {
    private let calendar: Calendar

    init(_ zone: TimeZone) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        self.calendar = calendar
    }

    /// The first moment of a period, and the first one after it; nil where it has no limit.
    func span(period: String?, from: String?, until: String?) throws -> (Timestamp?, Timestamp?) {
        guard let period else { return (try from.map { try begin($0) }, try until.map { try begin($0) }) }
        guard from == nil, until == nil else {
            throw ConfigurationError("name a period, or its first and last day, and not both")
        }
        let start = try begin(period + "-01", named: "--period is a month, for example 2026-11")
        let date = Date(timeIntervalSince1970: Double(start.seconds))
        guard let next = calendar.date(byAdding: .month, value: 1, to: date) else {
            throw ConfigurationError("--period is a month, for example 2026-11")
        }
        return (start, Timestamp(seconds: Int64(next.timeIntervalSince1970)))
    }

    private func begin(_ day: String, named: String = "a day is written like 2026-11-01") throws -> Timestamp {
        let parts = day.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 3, let year = parts[0], let month = parts[1], let number = parts[2], day.utf8.count == 10,
            let date = calendar.date(from: DateComponents(year: year, month: month, day: number)),
            calendar.component(.month, from: date) == month, calendar.component(.day, from: date) == number
        else { throw ConfigurationError(named) }
        return Timestamp(seconds: Int64(date.timeIntervalSince1970))
    }
}

/// Where an export goes: a file that only its owner reads, and that appears when it is whole, or standard output.
private struct ExportFile {
    private let handle: FileHandle
    private let place: (part: String, whole: String)?

    init(_ path: String?) throws {
        guard let path else {
            (handle, place) = (.standardOutput, nil)
            return
        }
        let part = path + ".part"
        let isMade = FileManager.default.createFile(atPath: part, contents: nil, attributes: [.posixPermissions: 0o600])
        guard isMade, let handle = FileHandle(forWritingAtPath: part) else {
            throw ConfigurationError("'\(path)' cannot be written")
        }
        (self.handle, place) = (handle, (part, path))
    }

    func write(_ text: String) throws { try handle.write(contentsOf: Data(text.utf8)) }

    func abandon() {
        guard let place else { return }
        try? handle.close()
        try? FileManager.default.removeItem(atPath: place.part)
    }

    func close() throws {
        guard let place else { return }
        try handle.close()
        guard rename(place.part, place.whole) == 0 else {
            throw ConfigurationError("'\(place.whole)' cannot be written")
        }
    }
}
