import Cryptography
package import HTTPMessages
package import Logging
import Payments
package import Records
package import Seams
package import Storage

/// Sends events to merchants' endpoints until each has taken them.
///
/// Waiting events are in the database only: a restart loses nothing. Endpoints do not wait for each other. One endpoint
/// gets its events one after the other, in the order in which they were stored, from one worker at a time. An event
/// that it does not take waits for a retry, and the next one follows.
package struct DeliveryWorker: Sendable {
    /// How long an endpoint may take to answer.
    private static let timeout = Duration.seconds(15)
    /// How long a worker's turn at an endpoint lasts; each attempt begins it anew.
    private static let lease = Duration.seconds(60)
    /// The most events that one endpoint gets in a turn.
    private static let perEndpoint = 20
    /// The most endpoints that get events at once, where there are file descriptors for so many.
    package static let usualConnections = 256

    private let database: any Database
    private let books: MerchantBooks
    private let transport: any HTTPTransport
    private let secrets: EndpointSecrets
    private let schedule = RetrySchedule()
    private let clock: any WallClock
    private let random: any RandomSource
    private let complete: @Sendable (EventRecord, any SQLSession) throws -> EventRecord
    private let tell: @Sendable (WebhookEndpointRecord, any SQLSession) throws -> Void
    private let connections: Int
    private let logger: Logger

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
    ///   - connections: the most endpoints that get events at once.
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
    /// - Parameter interval: how long it rests between two looks at the outbox.
    package func run(every interval: Duration) async {
        await endTurnsOfTheDead()
        await withTaskGroup(of: WebhookEndpointID?.self) { group in
            var turns = DeliveryTurns(limit: connections)
            group.addTask { await rest(interval) }
            while let finished = await group.next() {
                if let finished {
                    turns.end(finished)
                    continue
                }
                guard !Task.isCancelled else { break }
                for endpoint in turns.begin(among: await due()) {
                    group.addTask {
                        await deliver(to: endpoint)
                        return endpoint.endpoint
                    }
                }
                group.addTask { await rest(interval) }
            }
            group.cancelAll()
        }
    }

    /// Ends the turns of a process that died, when this process is alone on the database.
    private func endTurnsOfTheDead() async {
        guard !database.isShared else { return }
        do { try await database.write { try $0.endTurns() } } catch {
            logger.warning("deliveries that a dead process had begun wait for a minute: \(error)")
        }
    }

    private func rest(_ interval: Duration) async -> WebhookEndpointID? {
        try? await clock.sleep(for: interval)
        return nil
    }

    /// Sends the events that are due now, to all endpoints at once.
    ///
    /// - Returns: how many events were taken.
    @discardableResult
    package func runOnce() async -> Int {
        await withTaskGroup(of: Int.self) { group in
            for due in await due() { group.addTask { await deliver(to: due) } }
            var taken = 0
            for await count in group { taken += count }
            return taken
        }
    }

    private func due() async -> [DueEndpoint] {
        let now = clock.now()
        do { return try await database.read { try $0.endpointsDue(at: now) } } catch {
            logger.warning("the outbox cannot be read: \(error)")
            return []
        }
    }

    /// Sends one endpoint its due events, if no other worker does.
    ///
    /// - Returns: how many events it has taken.
    @discardableResult
    func deliver(to due: DueEndpoint) async -> Int {
        do {
            while let turn = try await takeTurn(at: due) {
                guard turn.turn.hasMore, !Task.isCancelled else { return try await send(turn) }
            }
        } catch { logger.warning("deliveries to \(due.endpoint) were interrupted: \(error)") }
        return 0
    }

    /// A unit of work about one merchant's endpoints.
    private func write<Value: Sendable>(
        for merchant: MerchantID,
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await database.write(in: books.scope(of: merchant), body)
    }

    /// The turn of this worker at an endpoint, until a moment.
    private struct Turn {
        let turn: EndpointTurn
        var end: Timestamp
    }

    private func takeTurn(at due: DueEndpoint) async throws -> Turn? {
        let now = clock.now()
        let end = now.advanced(by: Self.lease)
        let turn = try await write(for: due.merchant) { session in
            try session.takeTurn(at: due.endpoint, at: now, until: end, limit: Self.perEndpoint)
        }
        return turn.map { Turn(turn: $0, end: end) }
    }

    /// Sends the events of a turn, up to the first one that the endpoint does not take.
    ///
    /// - Throws: what the database throws; the turn then ends with its time.
    /// - Returns: how many events it has taken.
    private func send(_ turn: Turn) async throws -> Int {
        var turn = turn
        var taken = 0
        for (number, delivery) in turn.turn.deliveries.enumerated() {
            // An attempt that might outlast the turn belongs to the next turn.
            guard !Task.isCancelled, clock.now().advanced(by: Self.timeout) <= turn.end else {
                let over = turn.turn
                _ = try await write(for: over.endpoint.merchant) { try $0.keep(over, until: nil) }
                break
            }
            let outcome = try await attempt(delivery, to: turn.turn.endpoint)
            let isLast = number + 1 == turn.turn.deliveries.count
            let goesOn = !isLast && (outcome.isTaken || turn.turn.endpoint.disabledAt != nil)
            turn.end = clock.now().advanced(by: Self.lease)
            guard try await settle(outcome, of: delivery, in: turn, goesOn: goesOn) else { break }
            if outcome.isTaken { taken += 1 }
            guard goesOn else { break }
        }
        return taken
    }

    /// The outcome of an attempt.
    private struct Outcome {
        let attempt: DeliveryAttempt
        /// How long the receiver asks to wait.
        var retryAfter: Duration?
        /// Whether a request was sent.
        var wasSent = false

        /// Whether the endpoint took the event.
        var isTaken: Bool { attempt.status.map { (200..<300).contains($0) } ?? false }
    }

    private func attempt(_ delivery: DueDelivery, to endpoint: WebhookEndpointRecord) async throws -> Outcome {
        let start = clock.now()
        func outcome(_ status: Int?, _ failure: String?) -> Outcome {
            Outcome(
                attempt: DeliveryAttempt(
                    number: delivery.attempts + 1,
                    startedAt: start,
                    duration: clock.now().since(start),
                    status: status,
                    failure: failure
                )
            )
        }
        guard endpoint.disabledAt == nil else { return outcome(nil, "the endpoint is switched off") }
        let secrets = try secrets.signing(endpoint, at: start)
        guard let event = try await event(of: delivery, for: endpoint) else {
            return outcome(nil, "the event cannot be read")
        }
        let request = StandardWebhook.request(
            event,
            to: endpoint.url,
            at: start,
            secrets: secrets,
            timeout: Self.timeout
        )
        var sent: Outcome
        do throws(HTTPTransportError) {
            let response = try await transport.send(request)
            sent = outcome(response.status, nil)
            sent.retryAfter = response.field("Retry-After").flatMap { Int64($0) }.map {
                Duration.seconds(max(0, min($0, 86_400)))
            }
        } catch { sent = outcome(nil, error.description) }
        sent.wasSent = true
        return sent
    }

    /// The event to send to an endpoint; nil when it cannot be read, which holds up no other event.
    private func event(of delivery: DueDelivery, for endpoint: WebhookEndpointRecord) async throws -> EventRecord? {
        do {
            return try await database.read { [complete] session in
                guard let event = try session.event(delivery.event) else { return nil }
                return endpoint.takesPersonalData ? try complete(event, session) : event
            }
        } catch let error as StorageError where !error.liesInValues { throw error } catch is CancellationError {
            throw CancellationError()
        } catch {
            logger.warning("the event \(delivery.event) cannot be told to \(endpoint.id): \(error)")
            return nil
        }
    }

    /// Stores the outcome of an attempt.
    ///
    /// - Returns: whether the turn was still this worker's; otherwise nothing is changed.
    private func settle(
        _ outcome: Outcome,
        of delivery: DueDelivery,
        in turn: Turn,
        goesOn: Bool
    ) async throws -> Bool {
        let now = clock.now()
        let (attempt, endpoint) = (outcome.attempt, turn.turn.endpoint)
        let jitter = random.bytes(1)[0]
        let next = schedule.next(after: attempt.number, at: now, retryAfter: outcome.retryAfter, jitter: jitter)
        // By 410 a receiver says that it wants no more events.
        let isOver = next == nil || attempt.status == 410 || endpoint.disabledAt != nil
        let disables = !outcome.isTaken && isOver && outcome.wasSent
        if disables { logger.warning("the endpoint \(endpoint.id) is switched off after \(attempt.number) attempts") }
        return try await write(for: endpoint.merchant) { [tell] session in
            let isOurs = try session.record(
                attempt,
                of: delivery,
                in: turn.turn,
                retryAt: outcome.isTaken || isOver ? nil : next,
                keepingTurnUntil: goesOn ? turn.end : nil
            )
            guard isOurs, disables, var stored = try session.endpoint(endpoint.id) else { return isOurs }
            stored.disabledAt = now
            stored.disabledReason =
                attempt.status == 410 ? "it answered 410 Gone" : "it took nothing in \(attempt.number) attempts"
            try session.update(stored)
            try tell(stored, session)
            return true
        }
    }
}
