import ArgumentParser
import CommandParts
import Foundation
import Gateway
import Money
import Payments
import Seams
import Statements
import StrictJSON

/// A provider's statement: reading it, and comparing it with a merchant's books.
struct StatementsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statements",
        abstract: "Read a provider's statement, and compare it with what the running gateway has booked.",
        discussion: """
            Nothing is stored and nothing is booked. The layouts of files are in Config/statements, the matching rules in
            Config/matching.yaml.

            Example:
              settlegate statements read october.csv --layout stripe-balance
              settlegate statements compare october.csv --layout stripe-balance --rail telegram_fiat --format json

            Exit code 1 when a row cannot be understood, or when something is left for a person to look at.
            """,
        subcommands: [Read.self, Compare.self]
    )

    /// Shows what a file has.
    struct Read: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the lines of a file, and each row that cannot be understood."
        )
        @OptionGroup var file: StatementFile

        mutating func run() async throws {
            let (file, assets) = (file, try await Console.usable { try self.file.catalogues.assets() })
            var lines = 0
            let faults = try await Console.usable {
                try file.read(assets) { line in
                    lines += 1
                    file.show(line, assets)
                }
            }
            Console.say("\(lines) lines, \(faults) rows that cannot be understood")
            if faults > 0 { throw ExitCode.notClean }
        }
    }

    /// Compares a file with the gateway's rows.
    struct Compare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare a file with a merchant's payments and refunds on a rail.",
            discussion: """
                Amounts are compared before the provider's fee where the file tells both. What the books have and the file
                does not is missing only after --due-days; ask for the times that the file covers.
                """
        )
        @OptionGroup var file: StatementFile
        @OptionGroup var merchant: MerchantOptions
        @Option(help: "The rail whose provider wrote the file.") var rail = Rail.telegramFiat.rawValue
        @Option(help: "The first moment that the file covers, as RFC 3339.") var from: String?
        @Option(help: "The moment at which the file ends, as RFC 3339.") var until: String?
        @Option(help: "How many days after a payment the provider's statement has to have it.") var dueDays = 3

        mutating func run() async throws {
            let command = self
            let (findings, faults, assets) = try await Console.usable { try await command.findings() }
            let exceptions = findings.filter(\.isException)
            for finding in command.file.format == .json ? findings : exceptions {
                command.file.show(finding, assets)
            }
            let matched = findings.count { $0.state == .matched }
            Console.say("\(matched) matched, \(exceptions.count) to look at, \(faults) rows that cannot be understood")
            if !exceptions.isEmpty || faults > 0 { throw ExitCode.notClean }
        }

        private func findings() async throws -> ([Finding], Int, AssetRegistry) {
            guard (0...3_650).contains(dueDays) else { throw ValidationError("--due-days is from 0 to 3650.") }
            let assets = try file.catalogues.assets()
            let rules = try ConfigurationFile.decode(
                MatchingDocument.self,
                at: file.catalogues.folder + "/matching.yaml"
            )
            let matcher = try Matcher(rules: rules.rules, assets: assets)
            var lines: [StatementLine] = []
            let faults = try file.read(assets) { lines.append($0.beforeFee) }
            let rows = BookedRows(assets: assets, dueDays: dueDays)
            var filters = [("rail", rail)]
            if let from { filters.append(("occurred_from", from)) }
            if let until { filters.append(("occurred_until", until)) }
            let expected = try await rows.all(of: merchant.client(), filters)
            return (matcher.findings(lines: lines, expected: expected, now: SystemClock().now()), faults, assets)
        }
    }
}

/// A file of a provider, its layout, and how what is found in it is written.
struct StatementFile: ParsableArguments {
    @Argument(help: "The file, as UTF-8.") var path: String
    @Option(help: "The layout: the name of a file in Config/statements.") var layout: String
    @Option(help: "text, or json (one object a line).") var format = OutputFormat.text
    @OptionGroup var catalogues: CataloguesOption

    private static let pieceBytes = 65_536

    /// Reads the file piece by piece; tells a person of the rows that cannot be understood, and returns their number.
    func read(_ assets: AssetRegistry, take: (StatementLine) -> Void) throws -> Int {
        guard layout.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }), !layout.isEmpty else {
            throw ConfigurationError("a layout's name has letters, digits and hyphens")
        }
        let layout = try ConfigurationFile.decode(
            StatementLayout.self,
            at: catalogues.folder + "/statements/\(layout).yaml"
        )
        var reader = try StatementReader(layout: layout, assets: assets)
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw ConfigurationError("there is no readable file \(path)")
        }
        defer { try? handle.close() }
        var faults = 0
        func sort(_ row: StatementReader.Row) {
            switch row {
            case .line(let line, _): take(line)
            case .fault(let fault):
                faults += 1
                Console.say(VisibleText.inLine(fault.description))
            case .skipped: break
            }
        }
        while let piece = try handle.read(upToCount: Self.pieceBytes), !piece.isEmpty {
            try reader.read(piece, take: sort)
        }
        try reader.finish(take: sort)
        return faults
    }

    /// Writes a line.
    func show(_ line: StatementLine, _ assets: AssetRegistry) {
        let amount = Self.text(AmountSum(of: line.amount), assets)
        guard format == .json else {
            let cells = ["\(line.occurredAt)", line.kind.rawValue, amount, line.key, line.description]
            return Console.result(cells.map(VisibleText.inLine).joined(separator: "  "))
        }
        let references = line.references.sorted { $0.key < $1.key }
        let object: JSONValue = [
            "key": .string(line.key), "kind": .string(line.kind.rawValue), "asset": .string(line.amount.asset.text),
            "amount": .string(amount), "occurred_at": .string(line.occurredAt.description),
            "gross": .optional(line.gross.map { Self.text(AmountSum(of: $0), assets) }),
            "fee": .optional(line.fee.map { Self.text(AmountSum(of: $0), assets) }),
            "references": .object(references.map { .init($0.key, .string($0.value)) }),
            "description": .string(line.description),
        ]
        Console.result(object.text)
    }

    /// Writes a finding.
    func show(_ finding: Finding, _ assets: AssetRegistry) {
        let difference = finding.difference.map { Self.text($0, assets) }
        guard format == .json else {
            let rows = (finding.lines + finding.expected).joined(separator: " ")
            let words = finding.words.joined(separator: "; ")
            return Console.result(VisibleText.inLine("\(finding.state.rawValue)  \(rows)  \(words)"))
        }
        let object: JSONValue = [
            "state": .string(finding.state.rawValue), "rule": .optional(finding.rule),
            "lines": .array(finding.lines.map { .string($0) }),
            "expected": .array(finding.expected.map { .string($0) }), "difference": .optional(difference),
            "asset": .optional(finding.difference?.asset.text), "words": .array(finding.words.map { .string($0) }),
        ]
        Console.result(object.text)
    }

    private static func text(_ sum: AmountSum, _ assets: AssetRegistry) -> String {
        assets.asset(sum.asset).flatMap { try? $0.text(sum) } ?? "?"
    }
}
