package import ArgumentParser
import Foundation

// The commands of the sandbox as both programs know them: settlegate lists and completes them, settlegate-sandbox runs
// them.

/// The arguments of `sandbox`.
package struct SandboxArguments: ParsableArguments {
    /// How the command is called and what it does.
    package static let configuration = CommandConfiguration(
        commandName: "sandbox",
        abstract: "Run a gateway with a Telegram, a TON and an EVM chain on loopback, until it is told to stop.",
        discussion: """
            Example:
              settlegate sandbox --webhook http://127.0.0.1:3000/events
              settlegate sandbox --networks-only --print-json

            With --networks-only the gateway is left to 'settlegate serve --config <home>/settlegate.yaml'.
            """
    )

    @Option(help: "The folder for configuration, keystore and database; a new temporary one by default.")
    package var home: String?
    @OptionGroup package var catalogues: CataloguesOption
    @Option(help: "Where the merchant's events are sent.")
    package var webhook: String?
    @Option(help: "How PostgreSQL is reached, in libpq's words; an SQLite file in the folder by default.")
    package var postgresql: String?
    @Option(help: "The gateway's port; 0 takes a free one.")
    package var port = 0
    @Option(help: "How many milliseconds lie between two blocks of TON.")
    package var tonBlockMilliseconds = 100
    @Option(help: "How many milliseconds lie between two blocks of the EVM chain.")
    package var evmBlockMilliseconds = 1_000
    @Flag(help: "Run the networks, and no gateway.")
    package var networksOnly = false
    @Flag(help: "Print where everything is as one line of JSON.")
    package var printJson = false

    package init() {}

    /// Refuses blocks that would come all the time.
    package func validate() throws {
        guard (10...3_600_000).contains(tonBlockMilliseconds), (10...3_600_000).contains(evmBlockMilliseconds) else {
            throw ValidationError("between two blocks lie 10 milliseconds to an hour")
        }
    }
}

/// The arguments of `demo`.
package struct DemoArguments: ParsableArguments {
    /// How the command is called and what it does.
    package static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Take a payment on every rail against the sandbox, break a few on purpose, and reconcile.",
        discussion: """
            Example: settlegate demo

            Exit code 0 only if every order is settled, announced once, and the books balance.
            """
    )

    @OptionGroup package var catalogues: CataloguesOption
    @Option(help: "A PostgreSQL database to use, in libpq's words, instead of a new SQLite file.")
    package var postgresql: String?

    package init() {}
}

/// The arguments of `scenario`.
package struct ScenarioArguments: ParsableArguments {
    /// How the command is called and what it does.
    package static let configuration = CommandConfiguration(
        commandName: "scenario",
        abstract: "Play scenario files, each against a gateway and networks of its own.",
        discussion: "Example: settlegate scenario Fixtures/scenarios/paid-twice.yaml"
    )

    @Argument(help: "Scenario files.") package var files: [String]
    @OptionGroup package var catalogues: CataloguesOption

    package init() {}
}

/// The arguments of `trigger`.
package struct TriggerArguments: ParsableArguments {
    /// How the command is called and what it does.
    package static let configuration = CommandConfiguration(
        commandName: "trigger",
        abstract: "Make an event happen in a sandbox: real invoices, payments, refunds, payouts, subscriptions.",
        discussion: """
            Example:
              export SETTLEGATE_GATEWAY=… SETTLEGATE_API_KEY=… SETTLEGATE_SANDBOX=…   # as 'settlegate sandbox' prints them
              settlegate trigger invoice.settled

            Events: \(TriggerableEvent.allCases.map(\.rawValue).joined(separator: ", ")).
            """
    )

    @OptionGroup package var merchant: MerchantOptions
    @Option(help: "The sandbox's control address, which it prints at start.")
    package var sandbox = ProcessInfo.processInfo.environment["SETTLEGATE_SANDBOX"] ?? ""
    @Argument(help: "The type of the event.") package var event: TriggerableEvent

    package init() {}
}
