import DatabaseEngines
import HTTPMessages
import HTTPServer
import HTTPTransport
import Logging
import Payments
import Seams
import Storage
import Synchronization
import Testing

@testable import Webhooks

/// A server for the endpoints of merchants: some hang for as long as the test wants, the others answer.
private final class Shops: Sendable {
    struct State {
        var told: [String] = []
        /// The open requests at endpoints that answer, and the most at once.
        var open = 0
        var most = 0
        var hanging = 0
    }

    let state = Mutex(State())
    /// From the 30th event on, the shop answers only after so many requests were open at once.
    private let crowd: Int
    private let gate: AsyncStream<Void>
    private let leave: AsyncStream<Void>.Continuation

    init(crowd: Int) {
        self.crowd = crowd
        (gate, leave) = AsyncStream.makeStream(of: Void.self)
    }

    /// Lets the endpoints that hang answer.
    func end() { leave.finish() }

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        if request.url.hasPrefix("/hangs") {
            state.withLock { $0.hanging += 1 }
            for await _ in gate {}
            return HTTPResponse(status: 500)
        }
        state.withLock { state in
            state.told.append(request.field("webhook-id") ?? "")
            state.open += 1
            state.most = max(state.most, state.open)
        }
        while state.withLock({ $0.told.count > 30 && $0.most < crowd }) { await Task.yield() }
        state.withLock { $0.open -= 1 }
        return HTTPResponse(status: 204)
    }
}

/// Waits for answers for as long as a slow machine needs: no request ends by time.
private struct PatientTransport: HTTPTransport {
    let inner: CurlTransport

    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        try await inner.send(
            HTTPRequest(
                method: request.method,
                url: request.url,
                fields: request.fields,
                body: request.body,
                timeout: .seconds(600),
                maximumResponseBytes: request.maximumResponseBytes
            )
        )
    }
}

@Suite("Over sockets,")
struct HangingEndpointTests {
    private static let events = 400

    private struct Run {
        let state: Shops.State
        let attempts: Int
    }

    /// Sends a shop its events, beside another merchant's endpoints that hang, and stops when it has all.
    private func run(beside hanging: Int, isOrdered: Bool, crowd: Int) async throws -> Run {
        let shops = Shops(crowd: crowd)
        let server = try await HTTPServer.start(
            .init(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            handler: .init { await shops.answer($0) }
        )
        let url = server.url
        let outbox = try Outbox(.sqlite)
        try await outbox.add(
            .init(number: 1, endpoints: 1..<2, events: 0..<Self.events, isOrdered: isOrdered) { _ in url + "/shop" }
        )
        try await outbox.add(
            .init(number: 2, endpoints: 10..<10 + hanging, events: 10_000..<10_010) { "\(url)/hangs/\($0)" }
        )
        let curl = CurlTransport(.init(addresses: .any, httpsOnly: false, connectionsPerHost: 1_000))
        let worker = outbox.worker(PatientTransport(inner: curl))
        let running = Task { await worker.run(every: .seconds(1)) }
        while shops.state.withLock({ $0.told.count < Self.events }) { await Task.yield() }
        let told = shops.state.withLock { $0 }
        let attempts = try await outbox.database.read { session in
            try (10..<10 + hanging).map { number in
                try session.attempts(at: WebhookEndpointID(value: UInt128(number)), event: nil, limit: 10).count
            }
            .reduce(0, +)
        }
        running.cancel()
        shops.end()
        await running.value
        curl.close()
        await server.stop()
        try await outbox.database.close()
        return Run(state: told, attempts: attempts)
    }

    @Test(
        "an endpoint gets many events at once, and all of them, while 500 of another merchant hang",
        .timeLimit(.minutes(10))
    )
    func many() async throws {
        let run = try await run(beside: 500, isOrdered: false, crowd: 16)
        #expect(Set(run.state.told).count == Self.events && run.state.told.count == Self.events)
        #expect((16...DeliveryWindow.most).contains(run.state.most))
        #expect(run.state.hanging == DeliveryTurns.unprovenPerMerchant && run.attempts == 0)
    }

    @Test("an endpoint that asked for it gets one event at a time, in their order", .timeLimit(.minutes(10)))
    func ordered() async throws {
        let run = try await run(beside: 10, isOrdered: true, crowd: 1)
        #expect(run.state.told == (0..<Self.events).map { EventID(value: UInt128($0)).text })
        #expect(run.state.most == 1)
    }
}

@Suite("A worker that dies between sending and storing")
struct DeliveryCrashTests {
    /// Servers that take everything.
    private final class TakingServers: HTTPTransport {
        let got = Mutex<[String]>([])

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            got.withLock { $0.append(request.field("webhook-id") ?? "") }
            await Task.yield()
            return HTTPResponse(status: 204)
        }
    }

    /// Counts units of work.
    private final class Life: Sendable {
        private let count = Mutex(0)

        func next() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }

    @Test(
        "loses no event, and repeats only those that were not stored",
        arguments: Engine.allCases,
        1...6
    )
    func crash(engine: Engine, survived: Int) async throws {
        let outbox = try Outbox(engine)
        try await outbox.add(.init(number: 1, endpoints: 1..<2, events: 0..<300))
        let (servers, life) = (TakingServers(), Life())
        let dying = StoppingDatabase(outbox.database)
        // The first unit of work takes the turn.
        dying.decide { life.next() > survived ? .lost : .done }
        await outbox.worker(servers, on: dying).runOnce()
        let sentBefore = servers.got.withLock { Set($0) }
        let stored = try await outbox.database.read { session in
            try (0..<300).filter { number in
                try session.deliveries(of: EventID(value: UInt128(number))).map(\.state) == [.delivered]
            }
        }
        #expect(stored.count < sentBefore.count, "the worker died too late")
        outbox.clock.advance(by: DeliveryPlan.lease)
        await outbox.worker(servers).runOnce()
        let got = servers.got.withLock { $0 }
        #expect(Set(got) == Set((0..<300).map { EventID(value: UInt128($0)).text }))
        #expect(got.count == 300 + sentBefore.count - stored.count)
        #expect(try await outbox.database.read { try $0.outboxDepth() } == 0)
        try await outbox.database.close()
    }
}
