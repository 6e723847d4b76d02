import ArgumentParser
import Cryptography
import Foundation
import Gateway
import HTTPMessages
import HTTPTransport
import MerchantAPI
import Sandbox
import Scenarios
import Seams
import StrictJSON
import Webhooks

/// Gateway and fixture networks together.
struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
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
    var home: String?
    @OptionGroup var catalogues: CataloguesOption
    @Option(help: "Where the merchant's events are sent.")
    var webhook: String?
    @Option(help: "How PostgreSQL is reached, in libpq's words; an SQLite file in the folder by default.")
    var postgresql: String?
    @Option(help: "The gateway's port; 0 takes a free one.")
    var port = 0
    @Flag(help: "Run the networks, and no gateway.")
    var networksOnly = false
    @Flag(help: "Print where everything is as one line of JSON.")
    var printJson = false

    mutating func run() async throws {
        let (folder, catalogues, webhook) = (home ?? Self.temporaryFolder(), catalogues.folder, webhook)
        let postgresql = postgresql
        let wanted = port == 0 ? FreePort.find() : port
        let transport = CurlTransport(.init(addresses: .any, httpsOnly: false))
        let (networks, sandboxHome, gateway, merchant) = try await Console.usable {
            let networks = try await SandboxNetworks.start(
                clock: SandboxClock(SystemClock()),
                transport: transport,
                logger: GatewayOptions.logger
            )
            let home = try SandboxHome(
                folder: folder,
                catalogues: catalogues,
                networks: networks,
                port: wanted,
                postgresql: postgresql
            )
            let gateway = try await Gateway(
                home.configuration(),
                keystore: home.keystore(),
                surroundings: Gateway.Surroundings(
                    clock: networks.clock,
                    random: SystemRandom(),
                    transport: transport,
                    webhookTransport: transport
                ),
                logger: GatewayOptions.logger
            )
            let merchant = try await gateway.addMerchant(
                name: "Sandbox shop",
                feeBasisPoints: 100,
                webhookURL: webhook
            )
            try home.fundWallets()
            return (networks, home, gateway, merchant)
        }
        if networksOnly { try await gateway.close() }
        let url = networksOnly ? "http://127.0.0.1:\(wanted)" : try await Console.usable { try await gateway.listen() }
        let places = Places(networks: networks, home: sandboxHome, gateway: url, merchant: merchant)
        Console.result(printJson ? places.json.text : places.text)
        let runsGateway = !networksOnly
        await Termination.run {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await networks.run() }
                if runsGateway { group.addTask { await gateway.run() } }
            }
        }
        if runsGateway { try await gateway.close() }
        await networks.stop()
    }

    private static func temporaryFolder() -> String {
        NSTemporaryDirectory() + "settlegate-sandbox-\(ProcessInfo.processInfo.processIdentifier)"
    }
}

/// Where everything of a sandbox is.
private struct Places {
    let networks: SandboxNetworks
    let home: SandboxHome
    let gateway: String
    let merchant: NewMerchant

    var json: JSONValue {
        [
            "gateway": .string(gateway), "telegram": .string(networks.url), "ton": .string(networks.url),
            "control": .string(networks.url + "/sandbox"), "config": .string(home.configurationPath),
            "passphrase": .string(SandboxHome.passphrase), "merchant": .string(merchant.id.text),
            "api_key": .string(merchant.apiKey), "webhook_secret": .optional(merchant.webhookSecret?.text),
            "bot_token": .string(SandboxNetworks.botToken), "provider_token": .string(SandboxNetworks.providerToken),
            "jetton": .string(home.jettonAsset), "evm": .string(networks.url + "/evm"),
            "bridge": .string(networks.url + "/bridge"), "evm_coin": .string(SandboxHome.coinAsset),
            "evm_token": .string(home.tokenAsset),
        ]
    }

    var text: String {
        (json.members ?? []).map { member in
            let name = member.key + String(repeating: " ", count: max(0, 16 - member.key.count))
            return name + (member.value.stringValue ?? "-")
        }
        .joined(separator: "\n")
    }
}
