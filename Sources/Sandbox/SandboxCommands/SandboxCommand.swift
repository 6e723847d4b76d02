import ArgumentParser
import CommandParts
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

/// Runs a gateway and fixture networks together.
struct SandboxCommand: AsyncParsableCommand {
    static let configuration = SandboxArguments.configuration
    @OptionGroup var arguments: SandboxArguments

    mutating func run() async throws {
        let (printsJSON, runsGateway) = (arguments.printJson, !arguments.networksOnly)
        let blocks: (ton: Duration, evm: Duration) = (
            .milliseconds(arguments.tonBlockMilliseconds), .milliseconds(arguments.evmBlockMilliseconds)
        )
        let port = arguments.port == 0 ? FreePort.find() : arguments.port
        let parts = try await Console.usable { [arguments] in try await Parts(arguments, port: port) }
        if !runsGateway { try await parts.gateway.close() }
        let url =
            runsGateway
            ? try await Console.usable { try await parts.gateway.listen() } : "http://127.0.0.1:\(port)"
        await Termination.run {
            let places = Places(networks: parts.networks, home: parts.home, gateway: url, merchant: parts.merchant)
            Console.result(printsJSON ? places.json.text : places.text)
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await parts.networks.run(tonBlocks: blocks.ton, evmBlocks: blocks.evm) }
                if runsGateway { group.addTask { await parts.gateway.run() } }
            }
        }
        if runsGateway { try await parts.gateway.close() }
        await parts.networks.stop()
    }
}

/// The parts of a sandbox: networks, a gateway on them, and a merchant there.
private struct Parts: Sendable {
    let networks: SandboxNetworks
    let home: SandboxHome
    let gateway: Gateway
    let merchant: NewMerchant

    init(_ arguments: SandboxArguments, port: Int) async throws {
        let transport = CurlTransport(.init(addresses: .any, httpsOnly: false))
        networks = try await SandboxNetworks.start(
            clock: SandboxClock(SystemClock()),
            transport: transport,
            logger: Console.logger
        )
        home = try SandboxHome(
            folder: arguments.home ?? Self.temporaryFolder(),
            catalogues: arguments.catalogues.folder,
            networks: networks,
            port: port,
            postgresql: arguments.postgresql
        )
        gateway = try await Gateway(
            home.configuration(),
            keystore: home.keystore(),
            surroundings: Gateway.Surroundings(
                clock: networks.clock,
                random: SystemRandom(),
                transport: transport,
                webhookTransport: transport
            ),
            logger: Console.logger
        )
        merchant = try await gateway.addMerchant(
            name: "Sandbox shop",
            feeBasisPoints: 100,
            webhookURL: arguments.webhook
        )
        try home.fundWallets()
    }

    private static func temporaryFolder() -> String {
        NSTemporaryDirectory() + "settlegate-sandbox-\(ProcessInfo.processInfo.processIdentifier)"
    }
}

/// The addresses and keys of a sandbox, as it prints them.
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
