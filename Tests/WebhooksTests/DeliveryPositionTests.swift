import Cryptography
import DatabaseEngines
import HTTPMessages
import Logging
import Payments
import Records
import Seams
import Storage
import Synchronization
import Testing

@testable import Webhooks

@Suite("The position of an endpoint in its merchant's events")
struct DeliveryPositionTests {
    private let clock = ManualClock(Timestamp(seconds: 1_000_000))
    private let servers = CountingServers()
    private let merchant = MerchantID(value: 1)
    private let secrets = EndpointSecrets(
        key: SecretBytes([UInt8](repeating: 1, count: 32)),
        random: SeededRandom(seed: 1)
    )

    /// Servers that accept and remember every request.
    private final class CountingServers: HTTPTransport {
        let got = Mutex<[String]>([])

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            got.withLock { $0.append(request.url + (request.field("webhook-id") ?? "")) }
            await Task.yield()
            return HTTPResponse(status: 204)
        }
    }

    private struct Unreadable: Error {}

    private func worker(on database: any Database, unreadable: EventID? = nil) -> DeliveryWorker {
        DeliveryWorker(
            database: database,
            transport: servers,
            secrets: secrets,
            clock: clock,
            random: SeededRandom(seed: 2),
            complete: { event, _ in
                if event.id == unreadable { throw Unreadable() }
                return event
            },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private func prepare(_ database: any Database, endpoints: Int, types: [String] = []) async throws {
        let (merchant, now, secrets) = (merchant, clock.now(), secrets)
        try await database.write { session in
            try session.insert(MerchantRecord(id: merchant, name: "m", feeBasisPoints: 0, createdAt: now))
            for number in 0..<endpoints {
                let id = WebhookEndpointID(value: UInt128(number))
                let secret = try secrets.seal(StandardWebhook.Secret(random: SeededRandom(seed: 3)), of: id)
                let endpoint = WebhookEndpointRecord(
                    id: id,
                    merchant: merchant,
                    url: "https://\(number).example/",
                    sealedSecret: secret,
                    types: types,
                    takesPersonalData: true,
                    createdAt: now
                )
                try session.insert(endpoint)
            }
        }
    }

    private func happen(
        _ numbers: Range<Int>,
        _ type: String = "invoice.created",
        in database: any Database
    ) async throws {
        let (merchant, now) = (merchant, clock.now())
        try await database.write { session in
            for number in numbers {
                let id = EventID(value: UInt128(number))
                let (subject, body) = ("s", "{}")
                try session.append(
                    EventRecord(id: id, merchant: merchant, type: type, subject: subject, body: body, createdAt: now)
                )
            }
        }
    }

    @Test("needs one row for an event, however many endpoints it is sent to", arguments: Engine.allCases)
    func oneRow(engine: Engine) async throws {
        let database = try engine.open()
        try await prepare(database, endpoints: 7)
        let before = try await engine.content(of: database)
        try await happen(0..<1, in: database)
        let after = try await engine.content(of: database)
        #expect(after.count == before.count + 1 && Set(before).isSubset(of: after))
        #expect(try await database.read { try $0.outboxDepth() } == 7)
        #expect(await worker(on: database).runOnce() == 7)
        try await database.close()
    }

    @Test("lets two gateways on one database send each event once, while more are stored")
    func twoGateways() async throws {
        let place = try Engine.postgreSQL.place()
        let databases = [try Engine.postgreSQL.open(place), try Engine.postgreSQL.open(place)]
        let (endpoints, rounds) = (12, 10)
        try await prepare(databases[0], endpoints: endpoints)
        for round in 0..<rounds {
            await withTaskGroup(of: Void.self) { group in
                for database in databases {
                    let worker = worker(on: database)
                    group.addTask { for _ in 0..<4 { await worker.runOnce() } }
                }
                group.addTask {
                    for number in 0..<3 {
                        let first = round * 30 + number * 10
                        try? await happen(first..<first + 10, in: databases[number % 2])
                    }
                }
            }
        }
        while await worker(on: databases[0]).runOnce() > 0 {}
        let got = servers.got.withLock { $0 }
        #expect(got.count == endpoints * rounds * 30 && Set(got).count == got.count)
        for database in databases { try await database.close() }
    }

    @Test("is taken over at once from a dead process by the next one, when that works alone")
    func restart() async throws {
        let database = try Engine.sqlite.open()
        try await prepare(database, endpoints: 1)
        try await happen(0..<1, in: database)
        let start = clock.now()
        let turn = try await database.write { session in
            try session.takeTurn(
                at: WebhookEndpointID(value: 0),
                at: start,
                until: start.advanced(by: .seconds(60)),
                limit: 20
            )
        }
        #expect(turn?.deliveries.count == 1)
        #expect(await worker(on: database).runOnce() == 0, "the endpoint was claimed twice")
        let running = Task { await worker(on: database).run(every: .microseconds(1)) }
        while servers.got.withLock(\.isEmpty) {
            await Task.yield()
            if clock.sleeperCount > 0 { clock.advance(by: .microseconds(1)) }
        }
        running.cancel()
        clock.advance(by: .microseconds(1))
        await running.value
        #expect(clock.now() < start.advanced(by: .seconds(60)))
        try await database.close()
    }

    @Test(
        "is looked at when an event is stored, and not at the next interval",
        .timeLimit(.minutes(2)),
        arguments: Engine.allCases
    )
    func calledFor(engine: Engine) async throws {
        let database = try engine.open()
        try await prepare(database, endpoints: 1)
        let worker = worker(on: database)
        // The clock stands still, so that the interval never ends.
        let running = Task { await worker.run(every: .seconds(1), at: database.calls(for: .events)) }
        for number in 0..<20 {
            try await happen(number..<number + 1, in: database)
            while servers.got.withLock(\.count) <= number { await Task.yield() }
        }
        running.cancel()
        clock.advance(by: .seconds(1))
        await running.value
        try await database.close()
    }

    @Test("passes each event of an unwanted type once", arguments: Engine.allCases)
    func fewTypes(engine: Engine) async throws {
        let database = try engine.open()
        try await prepare(database, endpoints: 1, types: ["invoice.settled"])
        try await happen(0..<1_200, in: database)
        try await happen(1_200..<1_202, "invoice.settled", in: database)
        try await happen(1_202..<1_300, in: database)
        #expect(await worker(on: database).runOnce() == 2)
        let now = clock.now()
        #expect(try await database.read { try $0.endpointsDue(at: now).isEmpty && $0.outboxDepth() == 0 })
        try await happen(1_300..<1_301, in: database)
        #expect(await worker(on: database).runOnce() == 0)
        #expect(try await database.read { try $0.endpointsDue(at: now).isEmpty })
        try await database.close()
    }

    @Test("passes an unreadable event, which switches no endpoint off", arguments: Engine.allCases)
    func unreadable(engine: Engine) async throws {
        let database = try engine.open()
        try await prepare(database, endpoints: 1)
        try await happen(0..<5, in: database)
        let id = WebhookEndpointID(value: 0)
        for _ in 0..<40 {
            await worker(on: database, unreadable: EventID(value: 1)).runOnce()
            clock.advance(by: .seconds(50_000))
        }
        let told = servers.got.withLock { $0 }
        #expect(told.sorted() == [0, 2, 3, 4].map { "https://0.example/" + EventID(value: $0).text })
        let (endpoint, attempts) = try await database.read { session in
            (try session.endpoint(id), try session.attempts(of: EventID(value: 1), to: id))
        }
        #expect(endpoint?.disabledAt == nil)
        #expect(attempts.count == RetrySchedule.attempts && attempts.allSatisfy { $0.status == nil })
        try await database.close()
    }

    @Test("follows the order of storing, as does the list of events from each one on", arguments: Engine.allCases)
    func list(engine: Engine) async throws {
        let database = try engine.open()
        try await prepare(database, endpoints: 0)
        let order = [3, 1, 4, 0, 5, 9, 2, 6]
        for number in order { try await happen(number..<number + 1, in: database) }
        let newestFirst = order.reversed().map { EventID(value: UInt128($0)) }
        for (index, id) in newestFirst.enumerated() {
            let (after, before) = try await database.read { [merchant] session in
                (
                    try session.events(of: merchant, in: Page(after: id.text)).map(\.id),
                    try session.events(of: merchant, in: Page(before: id.text)).map(\.id)
                )
            }
            #expect(after == Array(newestFirst[(index + 1)...]) && before == Array(newestFirst[..<index]))
        }
        try await database.close()
    }
}
