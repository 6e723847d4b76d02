import BotConversation
package import Cryptography
import HTTPMessages
package import Keystore
import Money
import Payments
import ProviderTON
import ProviderTelegram
package import Providers
import Seams
import Signing
import TON
package import TelegramBot

extension Gateway {
    /// The providers that a configuration asks for.
    package struct ConfiguredProviders {
        /// A bot and where its updates go.
        struct Bot: Sendable {
            let key: String
            let client: BotClient
            let token: SecretBytes
            let secret: SecretBytes
            let conversation: BotConversation.Bot
            /// The merchant whose bot it is; nil for the operator's.
            var merchant: MerchantID?
            /// Whether the gateway polls for its updates.
            let isPolled: Bool
            /// The version of a stored bot; nil for a bot of the configuration.
            var version: Int?

            /// Sets the bot's webhook at Telegram.
            ///
            /// - Throws: `ProviderError`; with the code `refused` when Telegram refuses, or has stored another address.
            func register(at url: String) async throws(ProviderError) {
                let text = unsafe secret.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
                let kept: BotWebhook
                do throws(TelegramError) {
                    try await client.setWebhook(url: url, secret: text)
                    kept = try await client.webhook()
                } catch { throw ProviderError(error) }
                guard kept.url == url, BotWebhook.neededUpdates.isSubset(of: kept.allowedUpdates) else {
                    throw ProviderError(.refused, "Telegram keeps another webhook than it was told: \(kept.url)")
                }
            }
        }

        package let registry: ProviderRegistry
        let bots: [Bot]
        let currencies: TelegramCurrencies
        let nodes: NodeBudgets

        package init(
            _ configuration: GatewayConfiguration,
            keystore: Keystore,
            catalogues: Catalogues,
            surroundings: Gateway.Surroundings
        ) throws {
            let table = try ConfigurationFile.text(at: configuration.catalogues + "/currencies.json")
            let currencies = TelegramCurrencies(
                assets: catalogues.assets,
                kept: try CurrencyTable(kept: Array(table.utf8))
            )
            self.currencies = currencies
            var providers: [any PaymentProvider] = []
            var bots: [Bot] = []
            for bot in configuration.bots {
                let token = try keystore.secret(bot.tokenEntry)
                guard BotNumber(token: token) != nil else {
                    throw ConfigurationError(
                        "bots.\(bot.key): the keystore entry \(bot.tokenEntry) holds no bot's token"
                    )
                }
                let client = bot.client(token: token, surroundings)
                let secret = try keystore.secret(bot.webhookSecretEntry)
                let conversation = BotConversation.Bot(
                    client: client,
                    providers: TelegramChannel.providers(of: bot.key),
                    paymentKey: { TelegramKeys.payment($0, isTestEnvironment: bot.testEnvironment) },
                    contact: bot.supportContact,
                    terms: bot.termsURL,
                    ownerChat: bot.ownerChat,
                    sendsReceipts: bot.receipts ?? true
                )
                bots.append(
                    Bot(
                        key: bot.key,
                        client: client,
                        token: token,
                        secret: secret,
                        conversation: conversation,
                        isPolled: bot.updates == .polling
                    )
                )
                let channel = TelegramChannel(
                    key: bot.key,
                    client: client,
                    assets: catalogues.assets,
                    isTestEnvironment: bot.testEnvironment,
                    clock: surroundings.clock
                )
                if let entry = bot.providerTokenEntry {
                    try Self.check(bot.currencies, of: bot.key, by: currencies)
                    providers.append(
                        TelegramFiatProvider(
                            channel: channel,
                            providerToken: try keystore.secret(entry),
                            currencies: try bot.currencies.map(AssetID.fiat),
                            table: currencies,
                            shipping: try Self.shipping(bot.shipping ?? [], catalogues)
                        )
                    )
                }
                if bot.stars { providers.append(TelegramStarsProvider(channel: channel)) }
            }
            var nodes = NodeBudgets()
            for wallet in configuration.ton {
                providers.append(try Self.ton(wallet, configuration, keystore, catalogues, surroundings, &nodes))
            }
            for chain in configuration.evm ?? [] {
                providers.append(try Self.evm(chain, configuration, keystore, catalogues, surroundings, &nodes))
            }
            self.nodes = nodes
            do { registry = try ProviderRegistry(providers) } catch { throw ConfigurationError(error.reason) }
            self.bots = bots
        }

        /// Refuses a currency whose amounts would be off; one that Telegram has dropped passes, and is not offered.
        private static func check(
            _ names: [String],
            of bot: String,
            by currencies: TelegramCurrencies
        ) throws(ConfigurationError) {
            for name in names {
                guard let fault = currencies.fault(of: name), fault.isOff else { continue }
                throw ConfigurationError("bots.\(bot).currencies: \(fault.reason)")
            }
        }

        private static func shipping(
            _ options: [GatewayConfiguration.Bot.Shipping],
            _ catalogues: Catalogues
        ) throws -> [ShippingOption] {
            try options.map { option in
                guard let asset = catalogues.assets.asset(try AssetID.fiat(option.currency)) else {
                    throw ConfigurationError(
                        "the currency \(option.currency) of '\(option.id)' is not in the asset list"
                    )
                }
                return ShippingOption(id: option.id, title: option.title, price: try asset.amount(option.price))
            }
        }

        private static func ton(
            _ wallet: GatewayConfiguration.TON,
            _ configuration: GatewayConfiguration,
            _ keystore: Keystore,
            _ catalogues: Catalogues,
            _ surroundings: Gateway.Surroundings,
            _ nodes: inout NodeBudgets
        ) throws -> TONProvider {
            guard let network = TONNetwork(rawValue: wallet.network),
                let version = WalletVersion(rawValue: wallet.walletVersion)
            else { throw ConfigurationError("ton.\(wallet.key): the network or the wallet's version is not known") }
            let jettons = try wallet.jettons.map { jetton -> TONProvider.Jetton in
                let asset = try AssetID(jetton.asset)
                guard let master = asset.jettonMaster, let layout = JettonWalletLayout(rawValue: jetton.layout) else {
                    throw ConfigurationError(
                        "ton.\(wallet.key): \(jetton.asset) is no jetton, or its layout is not known"
                    )
                }
                let address = try TONAddress(master)
                guard address.isOnExistingWorkchain else {
                    throw ConfigurationError("ton.\(wallet.key): there is no workchain \(address.workchain)")
                }
                return TONProvider.Jetton(
                    asset: asset,
                    master: address,
                    walletCode: try BagOfCells.root(ofText: jetton.walletCode),
                    layout: layout
                )
            }
            let place = "ton.\(wallet.key)"
            let limits = try catalogues.units(wallet.agreementAbove, in: "\(place).agreement_above")
            let minimum = try catalogues.units(wallet.gatheringMinimum, in: "\(place).gathering_minimum")
            if let timeout = wallet.highloadTimeout, !(60...86_400).contains(timeout) {
                throw ConfigurationError("ton.\(wallet.key).highload_timeout lies between 60 and 86400 seconds")
            }
            func transport(to url: String, named name: String, key: String?) throws -> BudgetedTransport {
                let node = NodeBudgets.Node(
                    url: url,
                    name: name,
                    key: key,
                    section: place,
                    requests: wallet.requests,
                    usual: NodeBudgets.usualOfTON
                )
                return try nodes.transport(to: node, surroundings)
            }
            let node = try transport(to: wallet.toncenterURL, named: wallet.key, key: wallet.apiKeyEntry)
            func others(_ urls: [String]?, _ role: String) throws -> [ToncenterClient] {
                try (urls ?? []).enumerated().map { number, url in
                    let name = "\(wallet.key) \(role) \(number + 1)"
                    let node = try transport(to: url, named: name, key: nil)
                    return ToncenterClient(transport: node, baseURL: url, apiKey: nil, network: network)
                }
            }
            return try TONProvider(
                configuration: TONProvider.Configuration(
                    key: wallet.key,
                    network: network,
                    walletVersion: version,
                    highloadTimeout: wallet.highloadTimeout,
                    jettons: jettons,
                    deposit: wallet.deposit == .derived ? .derived : .comment,
                    agreementAbove: limits,
                    coldWallets: Set(try configuration.coldWallets(of: wallet.key).map { try TONAddress($0) }),
                    gatheringMinimum: minimum
                ),
                client: ToncenterClient(
                    transport: node,
                    baseURL: wallet.toncenterURL,
                    apiKey: try wallet.apiKeyEntry.map(keystore.secret),
                    network: network
                ),
                readers: others(wallet.readerURLs, "reader"),
                witnesses: others(wallet.witnessURLs, "witness"),
                stream: try wallet.streamingURL.map { url in
                    ToncenterStream(
                        transport: surroundings.streamTransport,
                        url: url,
                        apiKey: try wallet.apiKeyEntry.map(keystore.secret),
                        count: wallet.streamingConnections ?? 1,
                        clock: surroundings.clock
                    )
                },
                signer: WalletSigner(
                    seed: try keystore.secret(wallet.walletEntry),
                    on: TONScheme(
                        network: network,
                        version: version,
                        highloadTimeout: wallet.highloadTimeout,
                        jettons: jettons.map(TONScheme.Jetton.init)
                    )
                ),
                clock: surroundings.clock,
                random: surroundings.random
            )
        }
    }
}

extension GatewayConfiguration.Bot {
    /// The bot at its Bot API server.
    package func client(token: SecretBytes, _ surroundings: Gateway.Surroundings) -> BotClient {
        BotClient(
            transport: surroundings.transport,
            baseURL: apiURL,
            token: token,
            isTestEnvironment: testEnvironment,
            clock: surroundings.clock
        )
    }
}

extension TONScheme.Jetton {
    init(_ jetton: TONProvider.Jetton) {
        self.init(
            asset: jetton.asset,
            master: jetton.master,
            walletCode: jetton.walletCode,
            layout: jetton.layout
        )
    }
}
