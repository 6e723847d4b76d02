import ArgumentParser
import CommandParts
import Foundation
import Gateway
import HTTPMessages
import HTTPTransport
import ProviderTelegram
import Seams
import TelegramBot

/// Telegram's table of currencies, compared with the stored one.
struct CurrenciesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "currencies",
        abstract: "Compare Telegram's table of currencies with the stored one, and replace it.",
        discussion: """
            Example: settlegate currencies --write

            Exit code 0 when nothing differs or the new table was written, 1 when something differs. A table that changes
            a currency's fraction digits is written only with --accept-exponents, and never when it contradicts the asset
            list beside it (assets.yaml): amounts are written by that list, and would be off by a factor of a hundred.
            """
    )
    @Option(help: "Where the newer table is: a URL, or a file.") var from = CurrencyTable.source
    @Option(help: "The stored table.") var table = "Config/currencies.json"
    @Flag(help: "Replace the stored table.") var write = false
    @Flag(help: "Replace it even when fraction digits have changed.") var acceptExponents = false

    mutating func run() async throws {
        let (from, path) = (from, table)
        let (kept, newer) = try await Console.usable {
            let kept = try CurrencyTable(kept: Array(Data(contentsOf: URL(fileURLWithPath: path))))
            let day = String(SystemClock().now().description.prefix(10))
            return (kept, try CurrencyTable(parsing: try await Self.bytes(from), asOf: day))
        }
        let differences = kept.differences(to: newer)
        for difference in differences { Console.result(difference) }
        guard write else {
            if !differences.isEmpty { throw ExitCode.notClean }
            return Console.say("nothing has changed since \(kept.asOf)")
        }
        guard acceptExponents || !kept.changesExponents(newer) else {
            Console.say("settlegate: fraction digits have changed; finish open invoices, then use --accept-exponents")
            throw ExitCode.notClean
        }
        let assets = try await Console.usable {
            try Catalogues(folder: (path as NSString).deletingLastPathComponent).assets
        }
        let off = TelegramCurrencies.differences(of: newer, from: assets)
        guard off.isEmpty else {
            for difference in off { Console.say("settlegate: \(difference)") }
            Console.say(
                "settlegate: nothing was written; take no payments in these currencies until the asset list agrees"
            )
            throw ExitCode.notClean
        }
        try await Console.usable { try Data(newer.keptText.utf8).write(to: URL(fileURLWithPath: path)) }
        Console.say("\(path) is of \(newer.asOf) now")
    }

    private static func bytes(_ source: String) async throws -> [UInt8] {
        guard source.hasPrefix("https://") || source.hasPrefix("http://") else {
            return Array(try Data(contentsOf: URL(fileURLWithPath: source)))
        }
        let transport = CurlTransport(.init(addresses: .any, httpsOnly: false))
        defer { transport.close() }
        let response = try await transport.send(HTTPRequest(url: source))
        guard response.status == 200 else { throw ConfigurationError("\(source) answers \(response.status)") }
        return response.body
    }
}
