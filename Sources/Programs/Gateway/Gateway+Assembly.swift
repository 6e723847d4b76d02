import BotConversation
import Checkout
import Cryptography
import HTTPMessages
import Keystore
import Logging
import MerchantAPI
import Monitoring
import Payments
import ProviderTelegram
import Providers
import Rates
import Reconciliation
import Routing
import Seams
import Settlement
import Storage
import TelegramBot
import TelegramIntake
import WalletPayments
import Webhooks

extension Gateway {
    /// Makes the parts of a gateway from the configuration, the keystore and the surroundings.
    struct Assembly {
        let configuration: GatewayConfiguration
        let catalogues: Catalogues
        let surroundings: Surroundings
        let keys: GatewayKeys
        let secrets: EndpointSecrets
        let book: RateBook
        let logger: Logger

        private var isLive: Bool { configuration.environment == .live }

        init(
            _ configuration: GatewayConfiguration,
            keystore: Keystore,
            surroundings: Surroundings,
            logger: Logger
        ) throws {
            self.configuration = configuration
            self.surroundings = surroundings
            self.logger = logger
            catalogues = try Catalogues(folder: configuration.catalogues)
            keys = try GatewayKeys(keystore)
            secrets = EndpointSecrets(key: keys.endpoints, random: surroundings.random)
            book = RateBook(rules: configuration.rateRules?.rules ?? RateRules())
        }

        // MARK: - Use cases and workers

        func settlement(over database: any Database, providers: ProviderRegistry) throws -> Settlement {
            let inquiry = StockInquiry(
                transport: surroundings.stockTransport,
                secrets: secrets,
                clock: surroundings.clock
            )
            return Settlement(
                database: database,
                providers: providers,
                assets: catalogues.assets,
                chart: catalogues.chart,
                policy: catalogues.policy,
                limits: try configuration.payouts?.limits() ?? PayoutLimits(),
                rates: try FixedRates(configuration.rates, otherwise: book),
                stars: try configuration.stars?.prices(),
                clock: surroundings.clock,
                identifiers: IdentifierSource(clock: surroundings.clock, random: surroundings.random),
                operatorMerchant: Gateway.operatorMerchant,
                personalData: PersonalDataSeal(
                    key: try keys.key(for: .personalData),
                    random: surroundings.random
                ),
                stock: { await inquiry.ask($0, at: $1) },
                address: PublicAddress(),
                isLive: isLive,
                faults: surroundings.faults
            )
        }

        func rateWorker() throws -> RateWorker {
            RateWorker(
                feeds: try (configuration.rateFeeds ?? []).map { try $0.feed(over: surroundings.transport) },
                book: book,
                clock: surroundings.clock,
                logger: logger
            )
        }

        func worker(over settlement: Settlement, bots directory: BotDirectory) throws -> ReconciliationWorker {
            let conversation = BotConversation(
                bot: { directory.conversation($0) },
                owners: { directory.owners(of: $0) },
                database: settlement.database,
                assets: catalogues.assets
            )
            return ReconciliationWorker(
                settlement: settlement,
                identity: Hex.encode(surroundings.random.bytes(8)),
                configuration: .init(
                    messagesAtOnce: configuration.messagesAtOnce ?? 16,
                    gatheringInterval: .milliseconds(configuration.gatheringInterval ?? 60_000),
                    coldStorage: try (configuration.coldStorage ?? []).map {
                        try catalogues.rule($0, sending: settlement.providers)
                    }
                ),
                converse: { try await conversation.answer($0, from: $1) },
                tellCustomers: { moment in
                    try await conversation.tellCustomers(at: moment)
                    try await conversation.tellOwners(at: moment)
                },
                random: surroundings.random,
                logger: logger
            )
        }

        func deliveries(of settlement: Settlement) -> DeliveryWorker {
            DeliveryWorker(
                database: settlement.database,
                transport: surroundings.webhookTransport,
                secrets: secrets,
                clock: surroundings.clock,
                random: surroundings.random,
                complete: { try settlement.withPersonalData($0, in: $1) },
                tell: { try settlement.announceDisabled($0, in: $1) },
                connections: min(DeliveryWorker.usualConnections, DescriptorBudget.current.outgoingPerTransport),
                logger: logger
            )
        }

        // MARK: - Interfaces and their neighbours

        func rails(of settlement: Settlement) -> RailChecks {
            RailChecks(
                of: settlement.providers,
                conditions: settlement.conditions,
                clock: surroundings.clock,
                logger: logger
            )
        }

        /// The watch over Telegram's table of currencies; nil when no customer's money is real.
        func currencyWatch(of currencies: TelegramCurrencies) -> CurrencyWatch? {
            configuration.currenciesAddress.map { url in
                CurrencyWatch(
                    url: url,
                    currencies: currencies,
                    transport: surroundings.transport,
                    clock: surroundings.clock,
                    logger: logger
                )
            }
        }

        func keeper(
            of directory: BotDirectory,
            over settlement: Settlement,
            currencies: TelegramCurrencies
        ) throws -> BotRegistrar {
            BotRegistrar(
                settlement: settlement,
                directory: directory,
                currencies: currencies,
                surroundings: surroundings,
                server: (configuration.bots.first?.apiURL ?? "https://api.telegram.org", !isLive),
                isReachable: configuration.http.publicURL != nil,
                key: SealingKey(try keys.key(for: .bots), random: surroundings.random),
                logger: logger
            )
        }

        /// TON Connect, when the configuration asks for it.
        ///
        /// - Throws: ``ConfigurationError``, and `CryptographyError`.
        func wallets(over settlement: Settlement) throws -> CheckoutWallets? {
            guard let connection = configuration.tonConnect else { return nil }
            let payments = WalletPayments(
                settlement: settlement,
                wallets: try connection.list(isLive: isLive),
                transport: surroundings.streamTransport,
                key: try keys.key(for: .walletSessions),
                random: surroundings.random,
                logger: logger
            )
            return CheckoutWallets(name: connection.name, payments: payments)
        }

        func merchants(over settlement: Settlement, bots keeper: BotRegistrar) throws -> RESTAPI {
            RESTAPI(
                settlement: settlement,
                secrets: secrets,
                claims: ClaimRules(domain: configuration.http.domain, key: try keys.key(for: .claims)),
                mode: isLive ? .live : .test,
                endpoints: configuration.webhooks.endpoints,
                random: surroundings.random,
                bots: keeper,
                requestsPerMinute: requestsPerMinute
            )
        }

        private var requestsPerMinute: Int { configuration.http.requestsPerMinute ?? 6_000 }

        func checkout(
            over settlement: Settlement,
            bots directory: BotDirectory,
            wallets: CheckoutWallets?,
            merchants api: RESTAPI
        ) throws -> Checkout {
            let served = ServedMerchants(
                by: settlement.providers,
                named: try configuration.miniApps?.served() ?? [:],
                number: { directory.bot($0)?.client.number?.value }
            )
            return Checkout(
                settlement: settlement,
                trust: CheckoutTrust(
                    bots: { directory.all.map { CheckoutTrust.Bot(key: $0.key, token: $0.token) } },
                    thirdParties: try configuration.miniApps?.thirdParties(isLive: isLive),
                    serves: { served.include($1, at: $2, of: $0) }
                ),
                key: try keys.key(for: .checkout),
                isSecure: configuration.http.publicURL?.hasPrefix("https://") ?? false,
                wallets: wallets,
                sales: CheckoutSales(
                    requestsPerMinute: requestsPerMinute,
                    clock: surroundings.clock,
                    order: { try api.order(ofTemplate: $0) }
                )
            )
        }

        func statusPages(
            of settlement: Settlement,
            counting metrics: Metrics,
            _ nodes: NodeBudgets
        ) throws -> StatusPages {
            let document = try ConfigurationFile.text(at: configuration.catalogues + "/openapi.json")
            return StatusPages(
                settlement: settlement,
                metrics: metrics,
                document: Array(document.utf8),
                budgets: nodes.all
            )
        }

        func router(
            of interfaces: [any Interface],
            counting metrics: Metrics,
            keepLine: @escaping @Sendable (RequestLine) -> Void
        ) -> Router {
            Router(
                interfaces,
                metrics: metrics,
                clock: surroundings.clock,
                random: surroundings.random,
                keepLine: keepLine,
                logger: logger
            )
        }
    }
}
