package import Cryptography
import Foundation
package import Gateway
import Keystore
import Money
package import Seams
import StrictJSON
import TON

/// Makes what a new gateway needs: a folder with configuration, catalogues and keystore.
package struct GatewaySetup: Sendable {
    /// The operator's answers.
    package struct Answers: Sendable {
        /// The folder; it is made when it does not exist.
        package var folder: String
        /// The folder with the lists that are copied.
        package var catalogues: String
        /// Whether money is real.
        package var environment = GatewayConfiguration.Environment.test
        /// How Telegram and customers reach the gateway.
        package var publicURL: String?
        /// The port that it listens on.
        package var port = 8080
        /// The bot's token.
        package var botToken: SecretBytes?
        /// The Bot API server.
        package var telegramURL = "https://api.telegram.org"
        /// Whether the bot lives in Telegram's test environment.
        package var isTestBot = false
        /// The payment provider token, and the currencies that it takes.
        package var providerToken: SecretBytes?
        /// The currencies of the provider token.
        package var currencies: [String] = []
        /// Whether the bot takes Stars.
        package var takesStars = true
        /// The TON network; nil sets up no TON.
        package var tonNetwork: String?
        /// The toncenter endpoint; the network's public one when nil.
        package var toncenterURL: String?
        /// Whether merchants' endpoints and return URLs may be on private addresses.
        package var allowsPrivateAddresses = false

        /// Answers for a folder.
        package init(folder: String, catalogues: String) {
            self.folder = folder
            self.catalogues = catalogues
        }
    }

    /// The names of the keystore's entries.
    private enum Entry {
        static let botToken = "bot-token"
        static let providerToken = "provider-token"
        static let webhookSecret = "webhook-secret"
        static let tonWallet = "ton-hot"
    }

    private static let lists = [
        "assets.yaml", "chart-of-accounts.yaml", "rail-policy.yaml", "currencies.json", "openapi.json",
        "ton-wallets.json",
    ]

    private let answers: Answers

    /// A set-up with the operator's answers.
    package init(_ answers: Answers) {
        self.answers = answers
    }

    /// The configuration file.
    package var configurationPath: String { answers.folder + "/settlegate.yaml" }
    private var keystorePath: String { answers.folder + "/keystore.json" }

    /// Writes the folder's files.
    ///
    /// - Throws: ``ConfigurationError`` when there is a gateway in the folder already or an answer is not usable, and
    ///   what
    ///   the file system and the keystore throw.
    package func write(passphrase: SecretBytes, clock: any WallClock, random: any RandomSource) throws {
        for path in [configurationPath, keystorePath] where FileManager.default.fileExists(atPath: path) {
            throw ConfigurationError("\(path) is there already; nothing was changed. 'settlegate doctor' looks at it")
        }
        try check()
        try FileManager.default.createDirectory(atPath: answers.folder, withIntermediateDirectories: true)
        for name in Self.lists {
            let text = try ConfigurationFile.text(at: answers.catalogues + "/" + name)
            try write(name, text)
        }
        try write("settlegate.yaml", configuration)
        try makeKeystore(passphrase, clock.now(), random)
    }

    private func check() throws(ConfigurationError) {
        guard answers.botToken != nil || answers.tonNetwork != nil else {
            throw ConfigurationError("without a bot's token and without TON nothing can be paid; give one of them")
        }
        guard answers.providerToken == nil || !answers.currencies.isEmpty else {
            throw ConfigurationError("name the currencies of the payment provider token, for example EUR")
        }
        if let url = answers.publicURL, answers.environment == .live, !url.hasPrefix("https://") {
            throw ConfigurationError("a live gateway is reached by https")
        }
        if let network = answers.tonNetwork, TONNetwork(rawValue: network) == nil {
            throw ConfigurationError("the TON network is mainnet or testnet")
        }
    }

    private func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: answers.folder + "/" + name))
    }

    private func makeKeystore(_ passphrase: SecretBytes, _ now: Timestamp, _ random: any RandomSource) throws {
        var store = try Keystore.create(at: keystorePath, passphrase: passphrase, random: random)
        try store.generate(Gateway.sealEntry, kind: .secret, at: now)
        if let token = answers.botToken {
            try store.add(Entry.botToken, kind: .secret, secret: token, at: now)
            try store.generate(Entry.webhookSecret, kind: .secret, at: now)
        }
        if let token = answers.providerToken {
            try store.add(Entry.providerToken, kind: .secret, secret: token, at: now)
        }
        if answers.tonNetwork != nil { try store.generate(Entry.tonWallet, kind: .ed25519, at: now) }
    }

    // MARK: - The configuration

    /// The configuration file, with comments only on what operators change later; the project's own explains every
    /// setting.
    private var configuration: String {
        var lines = [
            "# Made by 'settlegate init'. Every setting is explained in Config/settlegate.yaml of the project.",
            "environment: \(answers.environment.rawValue)", "catalogues: .", "database: { path: settlegate.sqlite }",
            "http:", "  host: 127.0.0.1", "  port: \(answers.port)", "  request_log: requests.jsonl",
        ]
        if let url = answers.publicURL {
            lines += ["  # How Telegram and customers reach the gateway.", "  public_url: \(Self.quoted(url))"]
        }
        lines.append("keystore: { path: keystore.json, passphrase_variable: SETTLEGATE_PASSPHRASE }")
        return (lines + bots + ton + rest).joined(separator: "\n") + "\n"
    }

    private var bots: [String] {
        guard answers.botToken != nil else { return ["bots: []"] }
        var lines = [
            "bots:", "  - key: shop", "    token_entry: \(Entry.botToken)",
            "    webhook_secret_entry: \(Entry.webhookSecret)", "    api_url: \(Self.quoted(answers.telegramURL))",
            "    test_environment: \(answers.isTestBot)",
        ]
        if answers.providerToken != nil { lines.append("    provider_token_entry: \(Entry.providerToken)") }
        lines.append("    currencies: [\(answers.currencies.joined(separator: ", "))]")
        lines.append("    stars: \(answers.takesStars)")
        return lines
    }

    private var ton: [String] {
        guard let network = answers.tonNetwork else { return ["ton: []"] }
        let usual = network == "mainnet" ? "https://toncenter.com" : "https://testnet.toncenter.com"
        return [
            "ton:", "  - key: ton-\(network)", "    network: \(network)",
            "    toncenter_url: \(Self.quoted(answers.toncenterURL ?? usual))", "    wallet_entry: \(Entry.tonWallet)",
            "    wallet_version: v5r1", "    deposit: comment", "    # Only jettons named here are ever credited.",
            "    jettons: []", "# Customers confirm in their own wallets, which show this name.",
            "ton_connect: { name: Settlegate, wallets: ton-wallets.json }",
        ]
    }

    private var rest: [String] {
        [
            "evm: []", "# What one asset costs in another, for invoices priced in one and paid in the other.",
            "rates: []", "webhooks: { allow_private_addresses: \(answers.allowsPrivateAddresses) }",
            "reconciliation_interval_ms: 1000",
        ]
    }

    /// A JSON string, which is valid YAML too.
    private static func quoted(_ text: String) -> String { JSONValue.string(text).text }
}
