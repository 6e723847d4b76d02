import ArgumentParser
import CommandParts
import Seams
import StrictJSON

/// Held wallets, and a person's decisions about their transfers.
struct WalletsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wallets",
        abstract: "Look at the wallets that sign; let a held one sign again.",
        discussion: """
            A wallet is held when its chain has taken something that was not signed here: the database was put back from a
            copy, or the key is used elsewhere. Say of each transfer whether it has left or is still owed, then resume.

            SETTLEGATE_API_KEY is a key of the operator ('settlegate merchants operator-key').

            Example:
              settlegate wallets list
              settlegate wallets left po_01m8eff… ton%3Atestnet%3A…
              settlegate wallets owed po_01m8efg…
              settlegate wallets resume ton-mainnet 0:83df…
            """,
        subcommands: [List.self, Left.self, Owed.self, Resume.self]
    )

    private static func post(_ options: MerchantOptions, _ path: String, _ body: JSONValue) async throws -> JSONValue {
        try await Console.usable {
            let key = "wallets-\(SystemClock().now().microseconds)"
            return try await options.client().post(path, body, idempotencyKey: key)
        }
    }

    /// The wallets.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the wallets; for held ones, what left and what is owed."
        )
        @OptionGroup var merchant: MerchantOptions
        @Option(help: "text or json.") var format = OutputFormat.text

        mutating func run() async throws {
            let found = try await Console.usable { try await merchant.client().get("/v1/wallets") }
            guard format == .text else { return Console.result(found.text) }
            for wallet in found["data"]?.arrayValue ?? [] { show(wallet) }
        }

        private func show(_ wallet: JSONValue) {
            line(wallet, ["state", "provider", "wallet", "sentence"], indent: "")
            for spend in wallet["left"]?.arrayValue ?? [] {
                line(spend, ["occurred_at", "amount", "asset", "destination", "transfer", "spend"], indent: "  left  ")
            }
            if wallet["has_more_left"]?.boolValue == true {
                Console.result("  left  and more: only the latest are shown; candidates are looked for among all")
            }
            for owed in wallet["owed"]?.arrayValue ?? [] {
                let decided = owed["is_reviewed"]?.boolValue == true ? "  owed  " : "  open  "
                line(owed["transfer"] ?? .null, ["id", "amount", "asset", "destination"], indent: decided)
                for candidate in owed["candidates"]?.arrayValue ?? [] {
                    line(candidate, ["likeness", "spend"], indent: "          may be  ")
                }
            }
            if wallet["has_more_owed"]?.boolValue == true {
                Console.result("  open  and more: they are shown when these are decided")
            }
        }

        private func line(_ object: JSONValue, _ names: [String], indent: String) {
            let fields = names.map { object[$0]?.stringValue ?? "-" }
            Console.result(indent + fields.joined(separator: "  "))
        }
    }

    /// Decides that a transfer has left already.
    struct Left: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Say that a transfer has left already, and by what.")
        @OptionGroup var merchant: MerchantOptions
        @Argument(help: "The transfer.") var transfer: String
        @Argument(help: "What left, as the list names it.") var spend: String
        @Option(help: "Which of its receivers.") var position = 0

        mutating func run() async throws {
            let answer = try await WalletsCommand.post(
                merchant,
                "/v1/wallets/decide",
                [
                    "transfer": .string(transfer), "decision": "left", "spend": .string(spend),
                    "position": .integer(Int64(position)),
                ]
            )
            Console.result("\(transfer)  \(answer["state"]?.stringValue ?? "-")")
        }
    }

    /// Decides that transfers are still owed.
    struct Owed: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Say that transfers are still owed.")
        @OptionGroup var merchant: MerchantOptions
        @Argument(help: "The transfers.") var transfers: [String]

        mutating func run() async throws {
            for transfer in transfers {
                _ = try await WalletsCommand.post(
                    merchant,
                    "/v1/wallets/decide",
                    ["transfer": .string(transfer), "decision": "owed"]
                )
                Console.result("\(transfer)  owed")
            }
        }
    }

    /// Lets a wallet sign again.
    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a wallet sign again.")
        @OptionGroup var merchant: MerchantOptions
        @Argument(help: "The provider.") var provider: String
        @Argument(help: "The wallet.") var wallet: String

        mutating func run() async throws {
            let answer = try await WalletsCommand.post(
                merchant,
                "/v1/wallets/resume",
                ["provider": .string(provider), "wallet": .string(wallet)]
            )
            Console.result("\(provider)  \(wallet)  \(answer["state"]?.stringValue ?? "-")")
        }
    }
}
