import BotConversation
import Checkout
import Cryptography
public import GatewayHTTP
import HTTPServer
public import HTTPTransport
public import Keystore
public import Logging
public import Payments
import Providers
import Rates
public import Reconciliation
public import Seams
public import Settlement
import Storage
import Synchronization
import WalletPayments
public import Webhooks

/// A whole gateway: database, providers, use cases, workers and the HTTP interface, put together from a configuration.
public final class Gateway: Sendable {
    /// What a gateway gets from outside, so that a run can be repeated.
    public struct Surroundings: Sendable {
        /// The clock.
        public var clock: any WallClock
        /// Randomness.
        public var random: any RandomSource
        /// The way to Telegram and to chain nodes, which the operator has named.
        public var transport: any HTTPTransport
        /// The way to merchants' endpoints, which merchants have named.
        public var webhookTransport: any HTTPTransport
        /// The way to bridges of customers' wallets, which the operator has named: a connection for each open session.
        public var bridgeTransport: any HTTPTransport
        /// Where a simulated run fails.
        public var faults: FaultInjector

        /// What a gateway gets from outside.
        public init(
            clock: any WallClock,
            random: any RandomSource,
            transport: any HTTPTransport,
            webhookTransport: any HTTPTransport,
            bridgeTransport: (any HTTPTransport)? = nil,
            faults: FaultInjector = .none
        ) {
            self.clock = clock
            self.random = random
            self.transport = transport
            self.webhookTransport = webhookTransport
            self.bridgeTransport = bridgeTransport ?? transport
            self.faults = faults
        }

        /// The real ones, as a configuration asks for them.
        public static func system(_ configuration: GatewayConfiguration) -> Self {
            let isLive = configuration.environment == .live
            let inside = configuration.webhooks.allowPrivateAddresses
            return Self(
                clock: SystemClock(),
                random: SystemRandom(),
                transport: CurlTransport(.init(addresses: .any, httpsOnly: isLive)),
                webhookTransport: CurlTransport(.init(addresses: inside ? .any : .publicOnly, httpsOnly: !inside)),
                bridgeTransport: CurlTransport(
                    .init(addresses: .any, httpsOnly: isLive, connectionsPerHost: 1_000)
                )
            )
        }
    }

    /// The keystore entry from which the key is made that seals endpoints' secrets.
    public static let sealEntry = "endpoint-seal"

    /// How often bots are looked for that another gateway has added.
    private static let botInterval = Duration.seconds(5)

    /// The tenant that runs the gateway: what belongs to no merchant is told to it.
    public static let operatorMerchant = MerchantID(value: 0)

    /// The use cases.
    public let settlement: Settlement
    /// Brings the books up to what happened on the rails.
    public let worker: ReconciliationWorker
    /// Sends events to merchants.
    public let deliveries: DeliveryWorker
    /// Seals endpoints' secrets.
    public let secrets: EndpointSecrets
    /// The HTTP interface.
    public let api: GatewayAPI
    let configuration: GatewayConfiguration
    private let directory: BotDirectory
    private let keeper: BotKeeper
    private let receiver: TelegramReceiver
    private let rates: RateWorker
    private let wallets: CheckoutWallets?
    private let requestLog: RequestLogFile?
    private let clock: any WallClock
    private let logger: Logger
    private let wakeUps: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    private let server = Mutex<HTTPServer?>(nil)

    /// Opens a gateway: the database, the keys and the providers.
    ///
    /// Nothing listens yet and no worker runs.
    ///
    /// - Throws: ``ConfigurationError``, and what the database and the keystore throw.
    public init(
        _ configuration: GatewayConfiguration,
        keystore: Keystore,
        surroundings: Surroundings,
        logger: Logger
    ) async throws {
        let catalogues = try Catalogues(folder: configuration.catalogues)
        let providers = try ConfiguredProviders(
            configuration,
            keystore: keystore,
            catalogues: catalogues,
            surroundings: surroundings
        )
        let database = try configuration.database.open()
        let seal = try keystore.secret(Self.sealEntry).withUnsafeBytes { SecretBytes(SHA256.hash(Array($0))) }
        secrets = EndpointSecrets(key: seal, random: surroundings.random)
        let inquiry = StockInquiry(
            transport: surroundings.webhookTransport,
            secrets: secrets,
            clock: surroundings.clock
        )
        try await Self.require(configuration.environment, of: database)
        try await Self.addOperator(to: database, at: surroundings.clock.now())
        let book = RateBook(rules: configuration.rateRules?.rules ?? RateRules())
        settlement = Settlement(
            database: database,
            providers: providers.registry,
            assets: catalogues.assets,
            chart: catalogues.chart,
            policy: catalogues.policy,
            rates: try FixedRates(configuration.rates, otherwise: book),
            clock: surroundings.clock,
            identifiers: IdentifierSource(clock: surroundings.clock, random: surroundings.random),
            operatorMerchant: Self.operatorMerchant,
            stock: { await inquiry.ask($0, at: $1) },
            address: PublicAddress(),
            isLive: configuration.environment == .live,
            faults: surroundings.faults
        )
        rates = RateWorker(
            feeds: try (configuration.rateFeeds ?? []).map { try $0.feed(over: surroundings.transport) },
            book: book,
            clock: surroundings.clock,
            logger: logger
        )
        directory = BotDirectory(providers.bots)
        let conversation = BotConversation(
            bot: { [directory] in directory.conversation($0) },
            database: database,
            assets: catalogues.assets
        )
        worker = ReconciliationWorker(
            settlement: settlement,
            identity: Hex.encode(surroundings.random.bytes(8)),
            configuration: .init(
                gatheringInterval: .milliseconds(configuration.gatheringInterval ?? 60_000),
                coldStorage: try (configuration.coldStorage ?? []).map { try catalogues.rule($0) }
            ),
            converse: { try await conversation.answer($0, from: $1) },
            tellCustomers: { try await conversation.tellCustomers(at: $0) },
            logger: logger
        )
        deliveries = DeliveryWorker(
            database: database,
            transport: surroundings.webhookTransport,
            secrets: secrets,
            clock: surroundings.clock,
            random: surroundings.random,
            logger: logger
        )
        (wakeUps, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let metrics = Metrics()
        receiver = TelegramReceiver(
            settlement: settlement,
            webhookSecret: { [directory] in directory.bot($0)?.secret },
            metrics: metrics,
            logger: logger,
            wake: { [wake] in wake.yield() }
        )
        wallets = try Self.wallets(
            configuration,
            over: settlement,
            seal: seal,
            surroundings: surroundings,
            logger: logger
        )
        keeper = BotKeeper(
            settlement: settlement,
            directory: directory,
            limits: providers.limits,
            surroundings: surroundings,
            server: (
                configuration.bots.first?.apiURL ?? "https://api.telegram.org", configuration.environment == .test
            ),
            isReachable: configuration.http.publicURL != nil,
            key: SealingKey(
                try KeyDerivation.hkdfSHA256(key: seal, salt: Array("settlegate bots".utf8), info: [], length: 32),
                random: surroundings.random
            ),
            logger: logger
        )
        requestLog = configuration.http.requestLog.map {
            RequestLogFile(path: $0, clock: surroundings.clock, logger: logger)
        }
        let checkout = Checkout(
            settlement: settlement,
            trust: CheckoutTrust(
                tokens: { [directory] in directory.all.map(\.token) },
                thirdParties: try configuration.miniApps?.thirdParties(isLive: configuration.environment == .live)
            ),
            key: try KeyDerivation.hkdfSHA256(
                key: seal,
                salt: Array("settlegate checkout".utf8),
                info: [],
                length: 32
            ),
            isSecure: configuration.http.publicURL?.hasPrefix("https://") ?? false,
            wallets: wallets
        )
        api = GatewayAPI(
            settlement: settlement,
            secrets: secrets,
            claims: ClaimRules(
                domain: configuration.http.domain,
                key: try KeyDerivation.hkdfSHA256(
                    key: seal,
                    salt: Array("settlegate claims".utf8),
                    info: [],
                    length: 32
                )
            ),
            mode: configuration.environment == .live ? .live : .test,
            random: surroundings.random,
            telegram: receiver,
            checkout: checkout,
            bots: keeper,
            metrics: metrics,
            requestsPerMinute: configuration.http.requestsPerMinute ?? 6_000,
            document: Array(try ConfigurationFile.text(at: configuration.catalogues + "/openapi.json").utf8),
            readiness: { (try? await database.read { try $0.merchants().count }) != nil },
            keepLine: { [requestLog] in requestLog?.append($0) },
            logger: logger
        )
        self.configuration = configuration
        clock = surroundings.clock
        self.logger = logger
    }

    /// Test money and real money never meet in one database.
    private static func require(
        _ environment: GatewayConfiguration.Environment,
        of database: any Database
    ) async throws {
        let isLive = environment == .live
        guard try await database.write({ try $0.isLive(otherwise: isLive) }) == isLive else {
            try await database.close()
            let kept = isLive ? "test" : "live"
            throw ConfigurationError("the database holds \(kept) money; a \(environment) gateway needs one of its own")
        }
    }

    private static func addOperator(to database: any Database, at now: Timestamp) async throws {
        try await database.write { session in
            guard try session.merchant(operatorMerchant) == nil else { return }
            try session.insert(
                MerchantRecord(id: operatorMerchant, name: "Operator", feeBasisPoints: 0, createdAt: now)
            )
        }
    }

    /// Starts to listen, and tells Telegram where when the configuration says how it reaches us.
    ///
    /// - Throws: what the system says when it cannot listen, and ``ConfigurationError`` when a webhook is refused or a
    ///   rail is another than the configured one.
    /// - Returns: the URL that it listens on, without a slash at the end.
    public func listen() async throws -> String {
        for provider in settlement.providers.providers {
            do { try await provider.checkConfiguration() } catch {
                throw ConfigurationError("\(provider.key): \(error.reason)")
            }
        }
        let server = try await HTTPServer.start(
            HTTPServer.Configuration(host: configuration.http.host, port: configuration.http.port),
            logger: logger,
            handler: HTTPServer.Handler(
                admit: { [api] in await api.admit($0) },
                answer: { [api] in await api.answer($0) }
            )
        )
        self.server.withLock { $0 = server }
        let base = configuration.http.address(listeningAt: server.url)
        settlement.address.become(base)
        try await keeper.bringInAll(registering: configuration.http.publicURL != nil)
        if configuration.http.publicURL != nil { _ = try await registerWebhooks(at: base) }
        return server.url
    }

    /// Tells Telegram where the bots' updates go, when the configuration says how it reaches us.
    ///
    /// - Throws: ``ConfigurationError`` when Telegram refuses, or keeps something else than what it was told.
    /// - Returns: the bots and their addresses.
    public func registerWebhooks() async throws -> [(name: String, url: String)] {
        guard let base = configuration.http.configuredAddress else { return [] }
        return try await registerWebhooks(at: base)
    }

    private func registerWebhooks(at base: String) async throws -> [(name: String, url: String)] {
        var registered: [(name: String, url: String)] = []
        for bot in directory.all where !bot.isPolled {
            let url = "\(base)/telegram/\(bot.key)"
            try await bot.register(at: url)
            registered.append((bot.key, url))
        }
        return registered
    }

    /// Works until the task is cancelled: reconciles at each interval and when an update comes, and delivers events.
    public func run() async {
        let interval = Duration.milliseconds(configuration.reconciliationInterval)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.deliveries.run(every: interval) }
            group.addTask {
                // Another gateway on the same database may add bots.
                while !Task.isCancelled {
                    do { try await self.clock.sleep(for: Self.botInterval) } catch { return }
                    do { try await self.keeper.bringInAll(registering: false) } catch {
                        self.logger.warning("bots cannot be read: \(error)")
                    }
                }
            }
            if let log = self.requestLog { group.addTask { await log.run() } }
            if let wallets = self.wallets { group.addTask { await wallets.payments.run(every: interval) } }
            let pause = Duration.milliseconds(self.configuration.ratesInterval ?? 30_000)
            group.addTask { await self.rates.run(every: pause) }
            group.addTask {
                while !Task.isCancelled {
                    self.wake.yield()
                    do { try await self.clock.sleep(for: interval) } catch { return }
                }
            }
            group.addTask { for await _ in self.settlement.database.news { self.wake.yield() } }
            for bot in self.directory.all where bot.isPolled {
                let poller = TelegramPoller(
                    key: bot.key,
                    client: bot.client,
                    receiver: self.receiver,
                    clock: self.clock,
                    logger: self.logger
                )
                group.addTask { await poller.run() }
            }
            group.addTask {
                for await _ in self.wakeUps {
                    let pass = await self.worker.runOnce()
                    for problem in pass.problems { self.logger.warning("\(problem)") }
                }
            }
        }
    }

    /// Stops to listen, lets what is under way finish, and closes the database.
    ///
    /// - Throws: what the database throws.
    public func close() async throws {
        let listening = server.withLock { server in
            defer { server = nil }
            return server
        }
        api.stop()
        await listening?.stop()
        try? await worker.releaseLeases()
        try await settlement.database.close()
    }
}
