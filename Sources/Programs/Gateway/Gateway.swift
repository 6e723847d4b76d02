import Checkout
import HTTPServer
package import Keystore
package import Logging
package import MerchantAPI
package import Payments
import Providers
import Rates
package import Reconciliation
package import Routing
import Seams
package import Settlement
import Storage
import Synchronization
import TelegramIntake
import WalletPayments
package import Webhooks

/// A whole gateway: database, providers, use cases, workers and interfaces, put together from a configuration.
package final class Gateway: Sendable {
    /// The keystore entry from which the key that seals endpoints' secrets is made.
    package static let sealEntry = "endpoint-seal"

    /// How often the gateway looks for bots that another gateway has added.
    private static let botInterval = Duration.seconds(5)

    /// The part of the work that does the duties.
    private static let dutiesPart = "duties"

    /// The operator as a merchant: it gets the cases and events that belong to no merchant.
    package static let operatorMerchant = MerchantID(value: 0)

    /// The use cases.
    package let settlement: Settlement
    /// Brings the books up to date with the rails.
    package let worker: ReconciliationWorker
    /// Sends events to merchants.
    package let deliveries: DeliveryWorker
    /// Seals endpoints' secrets.
    package let secrets: EndpointSecrets
    /// The merchants' REST API.
    package let merchantAPI: RESTAPI
    /// Brings requests to the interfaces.
    package let router: Router
    let configuration: GatewayConfiguration
    private let directory: BotDirectory
    private let keeper: BotRegistrar
    private let rails: RailChecks
    private let receiver: TelegramReceiver
    private let rates: RateWorker
    private let currencies: CurrencyWatch?
    private let wallets: CheckoutWallets?
    private let requestLog: RequestLogFile?
    private let clock: any WallClock
    private let logger: Logger
    private let wakeUps: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    private let server = Mutex<HTTPServer?>(nil)
    private let parts = RunningParts()

    /// Opens a gateway: the database, the keys and the providers.
    ///
    /// Nothing listens yet and no worker runs.
    ///
    /// - Throws: ``ConfigurationError``, and what the database and the keystore throw.
    package init(
        _ configuration: GatewayConfiguration,
        keystore: Keystore,
        surroundings: Surroundings,
        logger: Logger
    ) async throws {
        let assembly = try Assembly(configuration, keystore: keystore, surroundings: surroundings, logger: logger)
        let database = try configuration.database.open()
        try await Self.require(configuration.environment, of: database)
        try await Self.addOperator(to: database, at: surroundings.clock.now())
        try await Self.requireScales(of: assembly.catalogues.assets, in: database)
        let providers = try ConfiguredProviders(
            configuration,
            keystore: keystore,
            catalogues: assembly.catalogues,
            surroundings: surroundings
        )
        try await Self.requireAccounts(of: providers.registry.providers, in: database)
        (wakeUps, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let (directory, metrics) = (BotDirectory(providers.bots), Metrics())
        secrets = assembly.secrets
        settlement = try assembly.settlement(over: database, providers: providers.registry)
        rates = try assembly.rateWorker()
        worker = try assembly.worker(over: settlement, bots: directory)
        deliveries = assembly.deliveries(of: settlement)
        receiver = TelegramReceiver(
            settlement: settlement,
            webhookSecret: { directory.bot($0)?.secret },
            decided: { [metrics] in metrics.countPreCheckout(took: $0, isRefused: $1) },
            logger: logger,
            wake: { [wake] in wake.yield() }
        )
        wallets = try assembly.wallets(over: settlement)
        rails = assembly.rails(of: settlement)
        currencies = assembly.currencyWatch(of: providers.currencies)
        keeper = try assembly.keeper(of: directory, over: settlement, currencies: providers.currencies)
        requestLog = configuration.http.requestLog.map {
            RequestLogFile(path: $0, clock: surroundings.clock, logger: logger)
        }
        merchantAPI = try assembly.merchants(over: settlement, bots: keeper)
        router = assembly.router(
            of: [
                merchantAPI, receiver,
                try assembly.checkout(over: settlement, bots: directory, wallets: wallets, merchants: merchantAPI),
                try assembly.statusPages(of: settlement, counting: metrics, providers.nodes),
            ],
            counting: metrics,
            keepLine: { [requestLog] in requestLog?.append($0) }
        )
        self.directory = directory
        self.configuration = configuration
        clock = surroundings.clock
        self.logger = logger
        // Bots that merchants have added belong to every gateway, even one that does not listen.
        _ = try await keeper.bringInAll()
    }

    /// Starts to listen, and sets the bots' webhooks when the configuration has a public address.
    ///
    /// A rail that does not answer is offered as soon as it does; see ``RailChecks``.
    ///
    /// - Throws: the system's error when it cannot listen, and ``ConfigurationError`` when a webhook is refused or a
    ///   rail differs from the configuration.
    /// - Returns: the URL that it listens on, without a slash at the end.
    package func listen() async throws -> String {
        let url = try await open()
        do { try await rails.begin() } catch {
            await stopListening()
            throw error
        }
        return url
    }

    /// Listens, and works until the task is cancelled or the database is replaced.
    ///
    /// The work does not wait for the rails' answers to the start: what waits for one that hangs is its own.
    ///
    /// - Parameter announce: called with the URL that it listens on, when all rails have answered or have had their time.
    /// - Throws: what ``listen()`` throws.
    package func serve(_ announce: @escaping @Sendable (String) -> Void) async throws {
        let url = try await open()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                await self.run()
                return true
            }
            group.addTask {
                try await self.parts.run("questions of the start") { try await self.rails.begin() }
                if !Task.isCancelled { announce(url) }
                return false
            }
            defer { group.cancelAll() }
            while let hasEnded = try await group.next(), !hasEnded {}
        }
    }

    /// Starts to listen, and prepares the checks of the rails.
    private func open() async throws -> String {
        let server = try await HTTPServer.start(
            HTTPServer.Configuration(host: configuration.http.host, port: configuration.http.port),
            logger: logger,
            handler: HTTPServer.Handler(
                admit: { [router] in await router.admit($0) },
                bodyLimit: { [router] in router.bodyLimit(of: $0) },
                answer: { [router] in await router.answer($0) }
            )
        )
        self.server.withLock { $0 = server }
        settlement.address.become(configuration.http.address(listeningAt: server.url))
        rails.prepare(
            settlement.providers.providers.filter { $0.push == nil }.map(Self.check)
                + directory.all.compactMap { keeper.check($0, stopsStart: $0.version == nil) }
        )
        try await hearTheDatabase()
        try await UnconfiguredHoldings.rememberPlaces(for: settlement)
        let forgotten = try await UnconfiguredHoldings(for: settlement)
        forgotten.tell(settlement)
        for sentence in forgotten.sentences { logger.error("\(sentence)") }
        return server.url
    }

    private func stopListening() async {
        let server = server.withLock { server in
            defer { server = nil }
            return server
        }
        await server?.stop()
    }

    /// Compares the clock with the times in the database, before any decision depends on it.
    private func hearTheDatabase() async throws {
        let database = settlement.database
        if let newest = try await database.read({ try $0.newestMoment() }) {
            clock.observe(newest, from: "the newest entry of the database", as: .record)
        }
        if let stated = try await database.statedTime() {
            clock.observe(stated, from: "the database server", as: .machine)
        }
    }

    private static func check(_ provider: any PaymentProvider) -> RailChecks.Check {
        RailChecks.Check(subject: provider.key, providers: [provider.key], stopsStart: true) {
            () async throws(ProviderError) in
            try await provider.checkConfiguration()
        }
    }

    /// Asks the missing rails again, now.
    package func lookForMissingRails() async { await rails.repeatNow() }

    /// Sets the bots' webhooks at Telegram, when the configuration has a public address.
    ///
    /// - Throws: ``ConfigurationError`` when Telegram refuses, or has stored another address.
    /// - Returns: the bots and their addresses.
    package func registerWebhooks() async throws -> [(name: String, url: String)] {
        guard let base = configuration.http.configuredAddress else { return [] }
        var registered: [(name: String, url: String)] = []
        for bot in directory.all where !bot.isPolled {
            let url = "\(base)/telegram/\(bot.key)"
            do { try await bot.register(at: url) } catch {
                throw ConfigurationError("the webhook of the bot \(bot.key) cannot be set: \(error.reason)")
            }
            registered.append((bot.key, url))
        }
        return registered
    }

    /// Whether the database has lost commits that this process remembers, so that it has ended its work.
    package var hasLostItsDatabase: Bool { settlement.database.isReplaced }

    /// Waits until the database has been replaced, or the task is cancelled.
    private func databaseIsReplaced() async {
        while !Task.isCancelled, !hasLostItsDatabase { try? await clock.sleep(for: .milliseconds(500)) }
    }

    /// Works until the task is cancelled or the database is replaced: reconciles at each interval and when an update
    /// comes, and delivers events.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.work() }
            group.addTask { await self.databaseIsReplaced() }
            await group.next()
            group.cancelAll()
        }
    }

    private func work() async {
        let interval = Duration.milliseconds(configuration.reconciliationInterval)
        let pause = Duration.milliseconds(configuration.ratesInterval ?? 30_000)
        await withTaskGroup(of: Void.self) { group in
            func add(_ name: String, _ body: @escaping @Sendable () async -> Void) {
                group.addTask { await self.parts.run(name, body) }
            }
            add("deliveries") {
                await self.deliveries.run(every: interval, at: self.settlement.database.calls(for: .events))
            }
            add("bots") { await self.bringInBots() }
            add("rails") { await self.rails.run() }
            if let watch = currencies { add("currencies") { await watch.run() } }
            if let log = requestLog { add("request log") { await log.run() } }
            if let wallets { add("wallets of customers") { await wallets.payments.run(every: interval) } }
            add("rates") { await self.rates.run(every: pause) }
            add("news of the database") {
                for await _ in self.settlement.database.calls(for: .messages) { self.wake.yield() }
            }
            for bot in directory.all where bot.isPolled {
                let poller = TelegramPoller(
                    key: bot.key,
                    client: bot.client,
                    receiver: receiver,
                    clock: clock,
                    logger: logger
                )
                add("updates of \(bot.key)") { await poller.run() }
            }
            add(Self.dutiesPart) { await self.worker.run(every: interval, at: self.wakeUps) }
        }
    }

    /// Looks again and again for bots that another gateway on the same database has added.
    private func bringInBots() async {
        while !Task.isCancelled {
            do { try await clock.sleep(for: Self.botInterval) } catch { return }
            do { for check in try await keeper.bringInAll() { rails.add(check) } } catch {
                logger.warning("bots cannot be read: \(error)")
            }
        }
    }

    /// What has not ended yet, by name, while the gateway stops: the parts of its work, and the duties one by one.
    package var unfinished: [String] {
        parts.all.flatMap { part in
            let duties = part == Self.dutiesPart ? settlement.duties.running : []
            return duties.isEmpty ? [part] : duties
        }
    }

    /// Stops listening, lets work that is under way finish, and closes the database.
    ///
    /// - Throws: what the database throws.
    package func close() async throws {
        router.stop()
        await stopListening()
        try? await worker.releaseLeases()
        try await settlement.database.close()
    }
}
