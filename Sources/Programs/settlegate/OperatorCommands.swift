import ArgumentParser
import CommandParts
import Cryptography
import Gateway
import Ledger
import MerchantAPI
import Operations
import Reconciliation
import Seams
import Settlement
import Storage
import StrictJSON
import Webhooks

/// Brings the database's schema up to date.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the database's schema up to date.",
        discussion: """
            With --distributed, the tables of merchants are spread by their book over the nodes of a PostgreSQL \
            with the Citus extension, and all other tables are copied to every node. The gateway must not run meanwhile.

            Example: settlegate migrate --config Config/settlegate.yaml
            """
    )
    @OptionGroup var options: GatewayOptions
    @Flag(help: "Spread the tables over the nodes of a Citus cluster.") var distributed = false

    mutating func run() async throws {
        try await Console.usable {
            let database = try options.configuration().database
            try await database.open().close()
            Console.say("the database is up to date")
            guard distributed else { return }
            let tables = try database.distribute()
            Console.say(
                tables.isEmpty
                    ? "every table was distributed before"
                    : "\(tables.count) tables are distributed by book, or on every node"
            )
        }
    }
}

/// The merchants of the gateway.
struct MerchantsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merchants",
        abstract: "Add and list merchants; the gateway must not run meanwhile.",
        discussion: """
            Example:
              settlegate merchants create "Tea shop" --fee 100 --webhook https://shop.example/events
              settlegate merchants list --format json
            """,
        subcommands: [Create.self, List.self, OperatorKey.self]
    )

    /// Adds a merchant.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a merchant; its API key is shown once.")
        @OptionGroup var options: GatewayOptions
        @Argument(help: "The merchant's name.") var name: String
        @Option(help: "The gateway's fee in hundredths of a percent.") var fee = 0
        @Option(help: "Where events are sent.") var webhook: String?

        mutating func run() async throws {
            let (name, fee, webhook) = (name, fee, webhook)
            try await Console.usable {
                let gateway = try await options.gateway()
                let added = try await gateway.addMerchant(
                    name: name,
                    feeBasisPoints: fee,
                    webhookURL: webhook
                )
                Console.show(added)
                try await gateway.close()
            }
        }
    }

    /// Makes a key of the operator.
    struct OperatorKey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an API key of the operator: it adds merchants by REST and decides about unmatched payments."
        )
        @OptionGroup var options: GatewayOptions

        mutating func run() async throws {
            let key = try await Console.usable {
                let gateway = try await options.gateway()
                let key = try await gateway.merchantAPI.makeOperatorKey()
                try await gateway.close()
                return key
            }
            Console.result(key)
        }
    }

    /// Lists the merchants.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the merchants.")
        @OptionGroup var options: GatewayOptions
        @Option(help: "text or json.") var format = OutputFormat.text

        mutating func run() async throws {
            let merchants = try await Console.usable {
                let gateway = try await options.gateway()
                let merchants = try await gateway.merchants()
                try await gateway.close()
                return merchants
            }
            MerchantListing(merchants: merchants).write(format)
        }
    }
}

/// Compares the ledger with the rails.
struct ReconcileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Compare ledger, provider statements and chain balances, and audit the journal.",
        discussion: """
            Examples:
              settlegate reconcile --format json
              settlegate reconcile --period 202611

            With --period the report has the trial balance of a month of the books, in UTC, as well: what each account \
            opened with, what was booked on it, and what it closed with. A ledger transaction belongs to the month in \
            which it was booked.

            Exit code 0 when the books are clean, 1 when something is not explained. It changes nothing. The gateway must not
            run meanwhile.
            """
    )
    @OptionGroup var options: GatewayOptions
    @Option(help: "text or json.") var format = OutputFormat.text
    @Option(
        help: ArgumentHelp("A month of the books, for example 202611.", valueName: "yyyymm"),
        transform: { text in
            do throws(LedgerError) { return try LedgerPeriod(text) } catch { throw ValidationError(error.reason) }
        }
    )
    var period: LedgerPeriod?

    mutating func run() async throws {
        let period = period
        let (rendering, isClean) = try await Console.usable {
            let gateway = try await options.gateway()
            let report = try await ReconciliationReport.make(for: gateway.settlement, period: period)
            let rendering = ReportRendering(report, assets: gateway.settlement.assets)
            try await gateway.close()
            return (rendering, report.isClean)
        }
        Console.result(format == .json ? rendering.json.text : rendering.text)
        guard isClean else { throw ExitCode.notClean }
    }
}

extension Console {
    /// Shows an operator a new merchant, with the secrets that are shown once.
    static func show(_ merchant: NewMerchant) {
        result("merchant  \(merchant.id.text)\napi key   \(merchant.apiKey)")
        if let secret = merchant.webhookSecret { result("webhook   \(secret.text)") }
    }
}
