import BigInt
import Cryptography
import EVM
import FixtureEVM
import FixtureTON
import Foundation
package import Gateway
package import Keystore
import Payments
import Providers
package import Sandbox
import Seams
import Signing
import StrictJSON
package import TON

/// A folder with everything that a gateway over the sandbox needs: configuration, catalogues, keystore and database.
///
/// It has an operator's files, so that `settlegate serve` runs on it unchanged.
package struct SandboxHome: Sendable {
    /// The passphrase of the keystore: the sandbox has nothing to protect.
    package static let passphrase = "sandbox-passphrase"

    /// The folder.
    package let folder: String
    /// The jetton's asset.
    package let jettonAsset: String
    /// The asset of the EVM chain's token.
    package let tokenAsset: String
    /// The asset of the EVM chain's coin.
    package static let coinAsset = "evm:\(SandboxNetworks.evmChainID):native"
    private let networks: SandboxNetworks
    private let postgresql: String?

    /// The configuration file.
    package var configurationPath: String { folder + "/settlegate.yaml" }
    private var keystorePath: String { folder + "/keystore.json" }

    /// Makes the folder's files except the database; existing files are kept.
    ///
    /// - Parameters:
    ///   - folder: the folder; it is made when it does not exist.
    ///   - catalogues: the folder with the lists from which the sandbox's lists are made.
    ///   - networks: the networks that the gateway talks to.
    ///   - port: the gateway's port.
    ///   - postgresql: how PostgreSQL is reached, in libpq's words; when nil, the database is an SQLite file in the folder.
    /// - Throws: what the file system and the keystore throw.
    package init(
        folder: String,
        catalogues: String,
        networks: SandboxNetworks,
        port: Int,
        postgresql: String? = nil
    ) throws {
        self.postgresql = postgresql
        self.folder = folder
        self.networks = networks
        jettonAsset = "ton:testnet:jetton:\(networks.jettonMaster.raw)"
        tokenAsset = "evm:\(SandboxNetworks.evmChainID):erc20:\(networks.evmToken.lowercased)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for name in ["chart-of-accounts.yaml", "rail-policy.yaml", "currencies.json", "openapi.json"] {
            try write(name, try text(catalogues + "/" + name))
        }
        let jetton = """
              - { id: "\(jettonAsset)", code: USD-SANDBOX, name: Sandbox Dollar, scale: \(SandboxNetworks.jettonScale) }
            """
        let evm = """
              - { id: "\(Self.coinAsset)", code: ETH-SANDBOX, name: Sandbox Ether, scale: 18 }
              - { id: "\(tokenAsset)", code: USDX-SANDBOX, name: Sandbox ERC-20 Dollar, scale: \(SandboxNetworks.jettonScale) }
            """
        try write("assets.yaml", try text(catalogues + "/assets.yaml") + jetton + "\n" + evm + "\n")
        let wallet: JSONValue = [
            "app_name": "sandbox-wallet", "name": "Sandbox Wallet",
            "universal_url": .string("\(networks.url)/wallet/connect"),
            "bridge": [["type": "sse", "url": .string("\(networks.url)/bridge")]],
        ]
        try write("ton-wallets.json", JSONValue.array([wallet]).text)
        if !FileManager.default.fileExists(atPath: keystorePath) { try makeKeystore() }
        try writeConfiguration(port: port)
    }

    private func text(_ path: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8)
        else {
            throw ScenarioError(
                "there is no readable file \(path); run it in the project's folder, or pass --catalogues"
            )
        }
        return text
    }

    private func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
    }

    private func makeKeystore() throws {
        var store = try Keystore.create(
            at: keystorePath,
            passphrase: SecretBytes(Array(Self.passphrase.utf8)),
            cost: Keystore.Cost.minimum,
            random: SystemRandom()
        )
        let now = networks.clock.now()
        let secrets = [("bot-token", SandboxNetworks.botToken), ("provider-token", SandboxNetworks.providerToken)]
        for (name, text) in secrets {
            try store.add(name, kind: .secret, secret: SecretBytes(Array(text.utf8)), at: now)
        }
        try store.generate("webhook-secret", kind: .secret, at: now)
        try store.generate(Gateway.sealEntry, kind: .secret, at: now)
        try store.generate("ton-hot", kind: .ed25519, at: now)
        try store.generate("evm-hot", kind: .secret, at: now)
    }

    /// Opens the keystore.
    ///
    /// - Throws: `KeystoreError`.
    package func keystore() throws -> Keystore {
        try Keystore(
            path: keystorePath,
            passphrase: SecretBytes(Array(Self.passphrase.utf8)),
            random: SystemRandom()
        )
    }

    /// The settings of the gateway's wallet on TON.
    package struct TONSettings: Hashable, Sendable {
        /// Whether each option has a wallet of its own.
        package var isDerived = false
        /// Whether the wallet that pays out is a highload wallet.
        package var isHighload = false

        /// A wallet that numbers its requests, and comments to tell customers apart.
        package init() {}
    }

    /// The timeout of the sandbox's highload wallet, in seconds.
    private static let highloadTimeout: UInt32 = 600

    /// The wallet to which customers pay, and which pays out.
    ///
    /// - Throws: `KeystoreError` and `TONError`.
    package func walletAddress(_ settings: TONSettings = TONSettings()) throws -> TONAddress {
        let key = try Ed25519.PrivateKey(seed: keystore().secret("ton-hot"))
        if settings.isHighload {
            return try HighloadWallet(publicKey: key.publicKey, timeout: Self.highloadTimeout).address()
        }
        return try Wallet(version: .v5r1, publicKey: key.publicKey, network: .testnet).address()
    }

    /// The signer of the EVM chain, to learn its accounts.
    ///
    /// - Throws: what the keystore throws.
    func evmSigner() throws -> WalletSigner {
        try WalletSigner(
            seed: keystore().secret("evm-hot"),
            on: EVMScheme(chainID: networks.evm.chainID)
        )
    }

    /// Puts the operator's own money into the wallets, for network fees: 5 TON, and two coins of the EVM chain.
    ///
    /// - Throws: what the keystore and the networks throw.
    package func fundWallets() throws {
        try fundWallet(TONSettings())
        let signer = try evmSigner()
        for wallet in [OwnWallet.payouts, .fees] {
            let account = try EVMAddress(signer.account(of: wallet))
            try networks.evm.send(BigUInt(10).power(18), to: account, by: "operator")
        }
    }

    /// Puts 5 TON of the operator's own money into the wallet.
    ///
    /// - Throws: what the keystore and the chain throw.
    func fundWallet(_ settings: TONSettings) throws {
        try networks.ton.pay(5_000_000_000, to: walletAddress(settings), comment: "top-up", by: "operator")
    }

    /// Writes the configuration file.
    ///
    /// - Throws: what the file system throws.
    package func writeConfiguration(port: Int, ton settings: TONSettings = TONSettings()) throws {
        // A connection string may hold quotes; a JSON string is valid YAML.
        let database = postgresql.map { "postgresql: \(JSONValue.string($0).text)" } ?? "path: settlegate.sqlite"
        let code = Base64.encode(try FixtureTON.jettonWalletCode(networks.jettonLayout).serialized())
        try write(
            "settlegate.yaml",
            """
            environment: test
            catalogues: .
            database: { \(database) }
            http: { host: 127.0.0.1, port: \(port), public_url: self, request_log: requests.jsonl }
            keystore: { path: keystore.json, passphrase_variable: SETTLEGATE_PASSPHRASE }
            bots:
              - key: shop
                token_entry: bot-token
                webhook_secret_entry: webhook-secret
                api_url: \(networks.url)
                test_environment: true
                provider_token_entry: provider-token
                currencies: [EUR, USD]
                stars: true
            ton:
              - key: ton-testnet
                network: testnet
                toncenter_url: \(networks.url)
                streaming_url: \(networks.url)/api/streaming/v2/sse
                requests: { per_second: 10000, in_flight: 100 }
                wallet_entry: ton-hot
                wallet_version: v5r1
                \(settings.isHighload ? "highload_timeout: \(Self.highloadTimeout)" : "")
                deposit: \(settings.isDerived ? "derived" : "comment")
                jettons:
                  - { asset: "\(jettonAsset)", wallet_code: "\(code)", layout: \(networks.jettonLayout.rawValue) }
            evm:
              - key: evm-sandbox
                chain_id: \(SandboxNetworks.evmChainID)
                name: Sandbox Chain
                test_network: true
                nodes: ["\(networks.url)/evm", "\(networks.url)/evm/1", "\(networks.url)/evm/2"]
                quorum: 2
                requests: { per_second: 10000, in_flight: 100 }
                genesis: "\(networks.evm.genesis)"
                wallet_entry: evm-hot
                finality: "3"
                first_block: 0
                operators: ["\(try networks.evm.customer("operator").address)"]
                tokens: ["\(tokenAsset)"]
            ton_connect: { name: Sandbox shop, wallets: ton-wallets.json }
            rates:
              - { base: "fiat:EUR", quote: "ton:testnet:native", price: "0.40", valid_for: 900 }
              - { base: "fiat:EUR", quote: "fiat:USD", price: "1.15", valid_for: 900 }
            stars: { customer: "0.02", reward: "0.013" }
            webhooks: { allow_private_addresses: true }
            reconciliation_interval_ms: 100
            gathering_interval_ms: 5000

            """
        )
    }

    /// The configuration.
    ///
    /// - Throws: `ConfigurationError`.
    package func configuration() throws -> GatewayConfiguration {
        try GatewayConfiguration(file: configurationPath, environment: [:])
    }
}
