import Cryptography
package import HTTPMessages
package import Logging
import Payments
package import Records
package import Seams
package import Storage

/// Sends events to merchants' endpoints until each has taken them.
///
/// What is to be sent is in the database only: a restart loses nothing. Endpoints do not wait for each other; one endpoint
/// gets its events one after the other, the oldest first.
package struct DeliveryWorker: Sendable {
    /// How long an endpoint may take to answer.
    private static let timeout = Duration.seconds(15)
    /// How long a delivery belongs to the worker that has taken it.
    private static let lease = Duration.seconds(60)
    /// The most events that one endpoint gets in a pass.
    private static let perEndpoint = 20
    /// The most endpoints that are talked to at once, where there are descriptors for so many.
    package static let usualConnections = 256

    private let database: any Database
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
    ///   - complete: puts what customers have told into an event, for endpoints that take it.
    ///   - tell: told of an endpoint that is switched off, in the unit of work that does it.
    ///   - connections: the most endpoints that are talked to at once.
    ///   - logger: told of endpoints that are switched off.
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
        self.transport = transport
        self.secrets = secrets
        self.clock = clock
        self.random = random
        self.complete = complete
        self.tell = tell
        self.logger = logger
    }

    /// Delivers until the task is cancelled; an endpoint that hangs holds up nobody but itself, and a merchant's endpoints
    /// that hang hold up no other merchant's.
    ///
    /// - Parameter interval: how long it rests between two looks at the outbox.
    package func run(every interval: Duration) async {
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
                        return endpoint
                    }
                }
                group.addTask { await rest(interval) }
            }
            group.cancelAll()
        }
    }

    private func rest(_ interval: Duration) async -> WebhookEndpointID? {
        try? await clock.sleep(for: interval)
        return nil
    }

    /// Sends what is due now, to all endpoints at once.
    ///
    /// - Returns: how many attempts were made.
    @discardableResult
    package func runOnce() async -> Int {
        await withTaskGroup(of: Int.self) { group in
            for due in await due() { group.addTask { await deliver(to: due.endpoint) } }
            var attempts = 0
            for await count in group { attempts += count }
            return attempts
        }
    }

    private func due() async -> [DueEndpoint] {
        let now = clock.now()
        do { return try await database.read { try $0.endpointsDue(at: now) } } catch {
            logger.warning("the outbox cannot be read: \(error)")
            return []
        }
    }

    @discardableResult
    private func deliver(to id: WebhookEndpointID) async -> Int {
        let now = clock.now()
        do {
            let (endpoint, deliveries) = try await database.read { session in
                (try session.endpoint(id), try session.deliveriesDue(to: id, at: now, limit: Self.perEndpoint))
            }
            guard let endpoint else { return 0 }
            var attempts = 0
            for delivery in deliveries {
                guard !Task.isCancelled, try await attempt(delivery, to: endpoint) else { break }
                attempts += 1
            }
            return attempts
        } catch {
            logger.warning("deliveries to \(id) were interrupted: \(error)")
            return 0
        }
    }

    /// One attempt.
    ///
    /// - Returns: whether the endpoint took it, so that the next one may follow.
    private func attempt(_ delivery: DeliveryRecord, to endpoint: WebhookEndpointRecord) async throws -> Bool {
        let start = clock.now()
        let claim = Claim(delivery: delivery, endpoint: endpoint, until: start.advanced(by: Self.lease))
        let event: EventRecord? = try await database.write { session in
            guard try session.claim(delivery, until: claim.until) else { return nil }
            guard let event = try session.event(delivery.event) else { return nil }
            return endpoint.takesPersonalData ? try complete(event, session) : event
        }
        guard let event else { return false }
        guard endpoint.disabledAt == nil else {
            try await settle(claim, attempt(delivery, start, nil, "the endpoint is switched off"), nil)
            return false
        }
        let secrets = try secrets.signing(endpoint, at: start)
        let request = StandardWebhook.request(
            event,
            to: endpoint.url,
            at: start,
            secrets: secrets,
            timeout: Self.timeout
        )
        var response: HTTPResponse?
        var failure: String?
        do throws(HTTPTransportError) { response = try await transport.send(request) } catch {
            failure = error.description
        }
        try await settle(claim, attempt(delivery, start, response?.status, failure), response)
        return response.map { (200..<300).contains($0.status) } ?? false
    }

    private func attempt(
        _ delivery: DeliveryRecord,
        _ start: Timestamp,
        _ status: Int?,
        _ failure: String?
    ) -> DeliveryAttempt {
        DeliveryAttempt(
            number: delivery.attempts + 1,
            startedAt: start,
            duration: clock.now().since(start),
            status: status,
            failure: failure
        )
    }

    /// A delivery that this worker makes, until a moment: a worker that was stopped for longer changes nothing.
    private struct Claim {
        let delivery: DeliveryRecord
        let endpoint: WebhookEndpointRecord
        let until: Timestamp
    }

    private func settle(_ claim: Claim, _ attempt: DeliveryAttempt, _ response: HTTPResponse?) async throws {
        let now = clock.now()
        let endpoint = claim.endpoint
        let isTaken = attempt.status.map { (200..<300).contains($0) } ?? false
        let asked = response?.field("Retry-After").flatMap { Int64($0) }.map {
            Duration.seconds(max(0, min($0, 86_400)))
        }
        let jitter = random.bytes(1)[0]
        let next = schedule.next(after: attempt.number, at: now, retryAfter: asked, jitter: jitter)
        // 410 is how a receiver says that it wants nothing any more.
        let isOver = !isTaken && (next == nil || attempt.status == 410 || endpoint.disabledAt != nil)
        let state: DeliveryRecord.State = isTaken ? .delivered : isOver ? .abandoned : .pending
        let disables = isOver && endpoint.disabledAt == nil
        if disables { logger.warning("the endpoint \(endpoint.id) is switched off after \(attempt.number) attempts") }
        try await database.write { session in
            let isOurs = try session.record(
                attempt,
                of: claim.delivery,
                claimedUntil: claim.until,
                state: state,
                nextAttemptAt: next ?? now
            )
            guard isOurs, disables, var stored = try session.endpoint(endpoint.id) else { return }
            stored.disabledAt = now
            stored.disabledReason =
                attempt.status == 410 ? "it answered 410 Gone" : "it took nothing in \(attempt.number) attempts"
            try session.update(stored)
            try tell(stored, session)
        }
    }
}
