import Cryptography
package import HTTPMessages
package import Logging
import Payments
package import Records
package import Seams
package import Storage

/// Sends events to merchants' endpoints until each has taken them.
///
/// Waiting events are in the database only: a restart loses nothing. An endpoint gets its events from one worker at a
/// time, many at once and in no promised order; one by one in their order when its merchant asked for that. An event
/// that it does not take waits for a retry, and the others go on. ``DeliveryPlan`` decides what is done next; this does
/// it.
package struct DeliveryWorker: Sendable {
    /// The most requests at once, where there are file descriptors for so many.
    package static let usualConnections = 512

    let database: any Database
    let transport: any HTTPTransport
    let secrets: EndpointSecrets
    let schedule = RetrySchedule()
    let clock: any WallClock
    let random: any RandomSource
    let complete: @Sendable (EventRecord, any SQLSession) throws -> EventRecord
    let tell: @Sendable (WebhookEndpointRecord, any SQLSession) throws -> Void
    let logger: Logger
    private let books: MerchantBooks
    private let connections: Int

    /// A worker over the outbox.
    ///
    /// - Parameters:
    ///   - database: where the outbox is.
    ///   - transport: the way out; it has to refuse private addresses.
    ///   - secrets: opens the endpoints' secrets.
    ///   - clock: the clock.
    ///   - random: spreads attempts.
    ///   - complete: adds personal data to an event, for endpoints that take it.
    ///   - tell: told of an endpoint that is disabled, in the same unit of work.
    ///   - connections: the most requests at once.
    ///   - logger: told of endpoints that are disabled.
    package init(
        database: any Database,
        transport: any HTTPTransport,
        secrets: EndpointSecrets,
        clock: any WallClock,
        random: any RandomSource,
        complete: @escaping @Sendable (EventRecord, any SQLSession) throws -> EventRecord = { event, _ in event },
        tell: @escaping @Sendable (WebhookEndpointRecord, any SQLSession) throws -> Void = { _, _ in },
        connections: Int = usualConnections,
        logger: Logger
    ) {
        self.connections = connections
        self.database = database
        books = MerchantBooks(database)
        self.transport = transport
        self.secrets = secrets
        self.clock = clock
        self.random = random
        self.complete = complete
        self.tell = tell
        self.logger = logger
    }

    /// Delivers until the task is cancelled; an endpoint that hangs holds up only itself, and a merchant's endpoints
    /// that hang hold up no other merchant's.
    ///
    /// - Parameters:
    ///   - interval: how long it rests between two looks at the outbox.
    ///   - calls: calls for a look, because events were stored.
    package func run(every interval: Duration, at calls: AsyncStream<Void> = AsyncStream { $0.finish() }) async {
        await endTurnsOfTheDead()
        let (looks, look) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in calls { look.yield() } }
            group.addTask {
                while (try? await clock.sleep(for: interval)) != nil { look.yield() }
            }
            await work(on: await due(), lookingAt: looks)
            group.cancelAll()
        }
    }

    /// Sends the events that are due now.
    ///
    /// - Returns: how many events were taken.
    @discardableResult
    package func runOnce() async -> Int { await work(on: await due()) }

    /// Ends the turns of a process that died, when this process is alone on the database.
    private func endTurnsOfTheDead() async {
        guard !database.isShared else { return }
        do { try await database.write { try $0.endTurns() } } catch {
            logger.warning("deliveries that a dead process had begun wait for a minute: \(error)")
        }
    }

    /// Does what the plan says, until nothing is left; with a stream of looks, until the task is cancelled.
    ///
    /// - Returns: how many events were taken.
    @discardableResult
    private func work(on due: [DueEndpoint], lookingAt looks: AsyncStream<Void>? = nil) async -> Int {
        var plan = DeliveryPlan(limit: connections)
        await withTaskGroup(of: DeliveryPlan.News.self) { group in
            var next = plan.follow(.due(due), at: clock.now())
            if let looks { group.addTask { await look(at: looks) } }
            while true {
                for work in next { group.addTask { await perform(work) } }
                guard !Task.isCancelled, looks != nil || !plan.isIdle, let news = await group.next() else { break }
                if let looks, case .due = news { group.addTask { await look(at: looks) } }
                next = plan.follow(news, at: clock.now())
            }
            // What has come back until now is stored; what has not is due again.
            plan.stop()
            group.cancelAll()
            for await news in group { _ = plan.follow(news, at: clock.now()) }
        }
        for (report, ended) in plan.leave(at: clock.now()) { _ = await store(report, ended) }
        return plan.taken
    }

    /// Reads the outbox at the next look.
    private func look(at looks: AsyncStream<Void>) async -> DeliveryPlan.News {
        for await _ in looks { break }
        return .due(Task.isCancelled ? [] : await due())
    }

    private func due() async -> [DueEndpoint] {
        let now = clock.now()
        do { return try await database.read { try $0.endpointsDue(at: now) } } catch {
            logger.warning("the outbox cannot be read: \(error)")
            return []
        }
    }

    /// Does one thing that a plan wants done.
    ///
    /// - Returns: what has happened by it.
    func perform(_ work: DeliveryPlan.Work) async -> DeliveryPlan.News {
        switch work {
        case .open(let due, let limit): await open(due, limit: limit)
        case .send(let begun, let endpoint): await send(begun, to: endpoint)
        case .store(let report, let ended): await store(report, ended)
        }
    }

    private func open(_ due: DueEndpoint, limit: Int) async -> DeliveryPlan.News {
        let now = clock.now()
        let end = now.advanced(by: DeliveryPlan.lease)
        do {
            let turn = try await write(for: due.merchant) { session in
                try session.takeTurn(at: due.endpoint, at: now, until: end, limit: limit)
            }
            return .opened(due, turn, until: end)
        } catch {
            logger.warning("the deliveries to \(due.endpoint) cannot be read: \(error)")
            return .opened(due, nil, until: end)
        }
    }

    private func send(_ begun: DeliveryPlan.Begun, to endpoint: WebhookEndpointRecord) async -> DeliveryPlan.News {
        do { return .ended(begun, try await attempt(begun.delivery, to: endpoint)) } catch {
            guard !Task.isCancelled else { return .ended(begun, nil) }
            logger.warning("deliveries to \(endpoint.id) were interrupted: \(error)")
            return .unreadable(begun)
        }
    }

    private func store(_ report: TurnReport, _ ended: [TurnProgress.Ended]) async -> DeliveryPlan.News {
        let id = report.turn.endpoint.id
        let whole = concluded(report, from: ended)
        do {
            let step = try await write(for: report.turn.endpoint.merchant) { [tell] session -> TurnStep? in
                guard let step = try session.proceed(whole) else { return nil }
                if whole.disabling != nil { try tell(step.turn.endpoint, session) }
                return step
            }
            return .stored(id, step, taken: ended.count { $0.outcome.isTaken })
        } catch {
            logger.warning("the deliveries to \(id) cannot be stored: \(error)")
            return .stored(id, nil, taken: 0)
        }
    }

    /// A unit of work about one merchant's endpoints.
    private func write<Value: Sendable>(
        for merchant: MerchantID,
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await database.write(in: books.scope(of: merchant), body)
    }
}
