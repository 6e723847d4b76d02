import Cryptography
import DatabaseEngines
import HTTPMessages
import Logging
import Payments
import Records
import Seams
import Storage
import StorageSQLite
import Synchronization
import Testing
import Webhooks

/// Merchants' servers whose answers a test decides, by URL.
private final class ScriptedServers: HTTPTransport {
    struct State {
        var statuses: [String: Int] = [:]
        var requests: [HTTPRequest] = []
        /// How many requests to a slow server still hang.
        var hanging = 0
    }

    let state = Mutex(State())
    let gate: AsyncStream<Void>
    let open: AsyncStream<Void>.Continuation

    init() {
        (gate, open) = AsyncStream.makeStream(of: Void.self)
    }

    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        let hangs = state.withLock { state in
            guard request.url.contains("slow"), state.hanging > 0 else { return request.url.contains("hangs") }
            state.hanging -= 1
            return true
        }
        if hangs {
            for await _ in gate {}
            throw HTTPTransportError(.timedOut, "it hangs")
        }
        let status = state.withLock { state in
            state.requests.append(request)
            return state.statuses[request.url] ?? 204
        }
        return HTTPResponse(status: status)
    }

    func count(_ url: String) -> Int { state.withLock { $0.requests.filter { $0.url == url }.count } }
}

@Suite("The delivery of events")
struct DeliveryWorkerTests {
    private let clock = ManualClock(Timestamp(seconds: 1_000_000))
    private let servers = ScriptedServers()
    private let merchant = MerchantID(value: 1)
    private let database: SQLiteDatabase
    private let secrets = EndpointSecrets(
        key: SecretBytes([UInt8](repeating: 1, count: 32)),
        random: SeededRandom(seed: 1)
    )

    init() async throws {
        database = try SQLiteDatabase(path: Engine.sqlite.place())
        let (merchant, now) = (merchant, clock.now())
        try await database.write { session in
            try session.insert(MerchantRecord(id: merchant, name: "m", feeBasisPoints: 0, createdAt: now))
        }
    }

    private var worker: DeliveryWorker {
        DeliveryWorker(
            database: database,
            transport: servers,
            secrets: secrets,
            clock: clock,
            random: SeededRandom(seed: 2),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private func addEndpoint(_ number: UInt128, _ url: String) async throws -> WebhookEndpointID {
        let id = WebhookEndpointID(value: number)
        let endpoint = WebhookEndpointRecord(
            id: id,
            merchant: merchant,
            url: url,
            sealedSecret: try secrets.seal(StandardWebhook.Secret(random: SeededRandom(seed: 3)), of: id),
            types: [],
            createdAt: clock.now()
        )
        try await database.write { try $0.insert(endpoint) }
        return id
    }

    private func happen(_ number: UInt128) async throws {
        let event = EventRecord(
            id: EventID(value: number),
            merchant: merchant,
            type: "invoice.settled",
            subject: "inv",
            body: #"{"number":\#(number)}"#,
            createdAt: clock.now()
        )
        try await database.write { try $0.append(event) }
    }

    @Test("announces a switched-off endpoint once, in the unit of work that switches it off")
    func told() async throws {
        let id = try await addEndpoint(1, "https://gone.example/")
        try await happen(1)
        let clock = clock
        let told = Told()
        let worker = DeliveryWorker(
            database: database,
            transport: Gone(),
            secrets: secrets,
            clock: clock,
            random: SeededRandom(seed: 2),
            tell: { endpoint, session in
                let stored = try session.endpoint(endpoint.id)
                #expect(stored?.disabledAt == clock.now())
                told.ids.withLock { $0.append(endpoint.id) }
            },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        for _ in 1...2 { await worker.runOnce() }
        #expect(told.ids.withLock { $0 } == [id])
        #expect(try await database.read { try $0.disabledEndpointCount() } == 1)
    }

    /// The announced endpoints.
    private final class Told: Sendable {
        let ids = Mutex<[WebhookEndpointID]>([])
    }

    /// A server that answers 410.
    private struct Gone: HTTPTransport {
        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse { HTTPResponse(status: 410) }
    }

    @Test("by a worker that was stopped for longer than its turn changes nothing of another worker's")
    func fencing() async throws {
        let id = try await addEndpoint(1, "https://slow.example/")
        try await happen(1)
        let (pass, worker) = (servers, worker)
        pass.state.withLock { $0.hanging = 1 }
        let stopped = Task { await worker.runOnce() }
        while pass.state.withLock({ $0.hanging > 0 }) { await Task.yield() }
        clock.advance(by: .seconds(61))
        #expect(await worker.runOnce() == 1, "another worker did not deliver after the turn had ended")
        pass.open.finish()
        _ = await stopped.value
        let deliveries = try await database.read { try $0.deliveries(of: EventID(value: 1)) }
        #expect(deliveries.map(\.state) == [.delivered])
        let attempts = try await database.read { try $0.attempts(of: EventID(value: 1), to: id) }
        #expect(attempts.map(\.status) == [204])
        clock.advance(by: .seconds(86_400))
        #expect(await worker.runOnce() == 0)
    }

    @Test("to one endpoint does not wait for another that hangs")
    func isolation() async throws {
        _ = try await addEndpoint(1, "https://hangs.example/")
        _ = try await addEndpoint(2, "https://lives.example/")
        for number in 1...5 { try await happen(UInt128(number)) }
        let (pass, worker) = (servers, worker)
        let running = Task { await worker.runOnce() }
        while pass.count("https://lives.example/") < 5 { await Task.yield() }
        pass.open.finish()
        #expect(await running.value >= 5)
    }

    @Test("is retried with the same identifier and a fresh time, also by a restarted worker")
    func retry() async throws {
        let url = "https://down.example/"
        _ = try await addEndpoint(1, url)
        try await happen(7)
        servers.state.withLock { $0.statuses[url] = 503 }
        #expect(await worker.runOnce() == 0)
        #expect(await worker.runOnce() == 0)
        #expect(servers.count(url) == 1)
        clock.advance(by: .seconds(10))
        servers.state.withLock { $0.statuses[url] = 200 }
        #expect(await worker.runOnce() == 1)
        clock.advance(by: .seconds(86_400))
        #expect(await worker.runOnce() == 0)
        let requests = servers.state.withLock { $0.requests }
        #expect(requests.count == 2)
        #expect(Set(requests.map { $0.field("webhook-id") }).count == 1)
        #expect(Set(requests.map { $0.field("webhook-timestamp") }).count == 2)
        let attempts = try await database.read { session in
            try session.attempts(of: EventID(value: 7), to: WebhookEndpointID(value: 1))
        }
        #expect(attempts.map(\.status) == [503, 200])
    }

    @Test("ends when the receiver answers 410, and after the last attempt")
    func ends() async throws {
        let gone = try await addEndpoint(1, "https://gone.example/")
        let dead = try await addEndpoint(2, "https://dead.example/")
        servers.state.withLock { state in
            state.statuses["https://gone.example/"] = 410
            state.statuses["https://dead.example/"] = 500
        }
        try await happen(1)
        for _ in 0..<30 {
            await worker.runOnce()
            clock.advance(by: .seconds(86_400))
        }
        #expect(servers.count("https://gone.example/") == 1)
        #expect(servers.count("https://dead.example/") == RetrySchedule.attempts)
        for id in [gone, dead] {
            #expect(try await database.read { try $0.endpoint(id)?.disabledAt } != nil)
        }
        try await happen(2)
        await worker.runOnce()
        #expect(servers.count("https://gone.example/") == 1)
    }
}
