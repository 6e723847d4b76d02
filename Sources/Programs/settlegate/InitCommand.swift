import ArgumentParser
import CommandParts
import Cryptography
import Foundation
import Gateway
import MerchantAPI
import Operations
import Payments
import Seams
import Settlement
import Webhooks

/// Sets a new gateway up.
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Set up a new gateway: configuration, keystore, database, a merchant, and a first invoice.",
        discussion: """
            Missing answers are asked for on a terminal. Secrets come from files or the terminal, never from arguments. The
            keystore's passphrase comes from SETTLEGATE_PASSPHRASE. SETTLEGATE_TELEGRAM_URL and SETTLEGATE_TONCENTER_URL name
            other servers than the public ones, for example a sandbox's.

            Example:
              settlegate init --home shop --merchant "Tea shop" --bot-token-file token.txt \\
                --public-url https://pay.example.com --ton testnet
            """
    )

    @Option(help: "The folder of the gateway.") var home = "settlegate"
    @OptionGroup var catalogues: CataloguesOption
    @Option(help: "The merchant's name.") var merchant: String?
    @Option(help: "Where the merchant's events are sent.") var webhook: String?
    @Option(help: "The gateway's fee in hundredths of a percent.") var fee = 0
    @Option(help: "The https address that leads to the gateway.") var publicURL: String?
    @Option(help: "The port to listen on.") var port = 8080
    @Option(help: "A file with the bot's token.") var botTokenFile: String?
    @Flag(help: "The bot lives in Telegram's test environment.") var testBot = false
    @Flag(inversion: .prefixedNo, help: "Take Telegram Stars.") var stars = true
    @Option(help: "A file with the payment provider token.") var providerTokenFile: String?
    @Option(help: "The provider token's currencies, for example EUR,USD.") var currencies = ""
    @Option(help: "mainnet or testnet; without it no TON is taken.") var ton: String?
    @Flag(help: "Real money: a live gateway.") var live = false
    @Flag(help: "Merchants' endpoints may be on private addresses; for development.") var privateAddresses = false

    mutating func run() async throws {
        let (answers, name) = (try answers(), merchant ?? Console.ask("The merchant's name", otherwise: "My shop"))
        let (webhook, fee) = (webhook, fee)
        try await Console.usable {
            let passphrase = try Passphrase.take(
                "SETTLEGATE_PASSPHRASE",
                environment: ProcessInfo.processInfo.environment
            )
            let setup = GatewaySetup(answers)
            try setup.write(
                passphrase: passphrase,
                clock: SystemClock(),
                random: SystemRandom()
            )
            Console.say("made \(setup.configurationPath)")
            try await Self.open(setup, passphrase: passphrase, merchant: name, fee: fee, webhook: webhook)
        }
    }

    private func answers() throws -> GatewaySetup.Answers {
        let environment = ProcessInfo.processInfo.environment
        var answers = GatewaySetup.Answers(folder: home, catalogues: catalogues.folder)
        answers.environment = live ? .live : .test
        answers.publicURL = publicURL ?? Console.ask("The https address that leads to the gateway (empty: none yet)")
        answers.port = port
        answers.botToken = try secret(botTokenFile, asking: "The bot's token (empty: no bot)")
        answers.telegramURL = environment["SETTLEGATE_TELEGRAM_URL"] ?? answers.telegramURL
        answers.isTestBot = testBot
        answers.takesStars = stars
        if let providerTokenFile { answers.providerToken = try secret(providerTokenFile, asking: "") }
        answers.currencies = currencies.split(separator: ",").map { String($0) }
        answers.tonNetwork = ton
        answers.toncenterURL = environment["SETTLEGATE_TONCENTER_URL"]
        answers.allowsPrivateAddresses = privateAddresses
        return answers
    }

    private func secret(_ file: String?, asking question: String) throws -> SecretBytes? {
        if let file {
            guard let data = FileManager.default.contents(atPath: file),
                let line = String(data: data, encoding: .utf8)?.split(whereSeparator: \.isNewline).first
            else { throw ValidationError("\(file) cannot be read, or is empty.") }
            return SecretBytes(Array(line.utf8))
        }
        return Console.ask(question).map { SecretBytes(Array($0.utf8)) }
    }

    /// The database, the merchant, the bot's webhook and a first invoice.
    private static func open(
        _ setup: GatewaySetup,
        passphrase: SecretBytes,
        merchant name: String,
        fee: Int,
        webhook: String?
    ) async throws {
        var options = GatewayOptions()
        options.config = setup.configurationPath
        let gateway = try await options.gateway(passphrase: passphrase)
        let added = try await gateway.addMerchant(
            name: name,
            feeBasisPoints: fee,
            webhookURL: webhook
        )
        Console.show(added)
        for bot in try await gateway.registerWebhooks() { Console.say("updates of \(bot.name) come to \(bot.url)") }
        let invoice = try await gateway.openFirstInvoice(of: added.id)
        Console.result("invoice   \(invoice.id)\npay it at \(invoice.checkoutURL)")
        try await gateway.close()
        Console.say("now run: settlegate serve --config \(setup.configurationPath)")
    }
}
