import DatabaseEngines
import HTTPMessages
import Payments
import Records
import Seams
import Storage
import Testing

@testable import Webhooks

/// A gateway whose plan is followed in rounds: in each one, every request that was open at its beginning is answered.
private final class Rounds {
    let outbox: Outbox
    private let worker: DeliveryWorker
    private var plan = DeliveryPlan(limit: DeliveryWorker.usualConnections)
    /// The open requests.
    private(set) var open: [DeliveryPlan.Begun] = []
    /// How many reports were stored.
    private(set) var stored = 0

    private struct Nobody: HTTPTransport {
        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            throw HTTPTransportError(.unreachable, "requests are answered by the test")
        }
    }

    init(_ outbox: Outbox) {
        self.outbox = outbox
        worker = outbox.worker(Nobody())
    }

    private var now: Timestamp { outbox.clock.now() }

    /// Looks at the outbox.
    func look() async throws {
        let now = now
        await follow(.due(try await outbox.database.read { try $0.endpointsDue(at: now) }))
    }

    /// Tells the plan what has happened, and does what it wants done, but for requests, which are open from now on.
    private func follow(_ news: DeliveryPlan.News) async {
        var work = plan.follow(news, at: now)[...]
        while let next = work.popFirst() {
            if case .send(let begun, _) = next {
                open.append(begun)
                continue
            }
            if case .store = next { stored += 1 }
            work += plan.follow(await worker.perform(next), at: now)
        }
    }

    /// Answers the open requests of some endpoints, each after `delay`.
    func answer(_ status: Int = 204, after delay: Duration, where isMeant: (DeliveryPlan.Begun) -> Bool) async {
        let answered = open.filter(isMeant)
        open.removeAll(where: isMeant)
        for begun in answered {
            let attempt = DeliveryAttempt(
                number: begun.delivery.attempts + 1,
                startedAt: now,
                duration: delay,
                status: status,
                failure: nil
            )
            await follow(.ended(begun, DeliveryOutcome(attempt: attempt, wasSent: true)))
        }
    }
}

@Suite("Many requests to one endpoint")
struct DeliveryRoundTests {
    private static let good = WebhookEndpointID(value: 1)

    /// The rounds until all events are told, the most requests that were open, and the events in their order.
    private func tell(_ gateway: Rounds, count: Int) async -> (rounds: Int, most: Int, told: [EventID]) {
        var (rounds, most, told): (Int, Int, [EventID]) = (0, 0, [])
        while told.count < count, rounds < 2 * count {
            let mine = gateway.open.filter { $0.endpoint == Self.good }
            most = max(most, mine.count)
            told += mine.map(\.delivery.event)
            await gateway.answer(after: .milliseconds(100)) { $0.endpoint == Self.good }
            rounds += 1
        }
        return (rounds, most, told)
    }

    @Test(
        "tell 1,000 events in a few rounds and units of work, the same beside 500 endpoints that hang",
        arguments: Engine.allCases
    )
    func many(engine: Engine) async throws {
        var results: [(rounds: Int, most: Int, told: [EventID])] = []
        for hanging in [0, 500] {
            let outbox = try Outbox(engine)
            try await outbox.add(.init(number: 1, endpoints: 1..<2, events: 0..<1_000))
            try await outbox.add(.init(number: 2, endpoints: 10..<10 + hanging, events: 10_000..<10_100))
            let gateway = Rounds(outbox)
            try await gateway.look()
            let result = await tell(gateway, count: 1_000)
            #expect(Set(result.told).count == 1_000 && result.told.count == 1_000)
            // Doubling to 128, and then 128 a round.
            #expect(result.rounds <= 7 + 1_000 / DeliveryWindow.most + 1 && result.most == DeliveryWindow.most)
            #expect(gateway.stored <= 60, "\(gateway.stored) units of work")
            #expect(gateway.open.count == min(hanging, DeliveryTurns.unprovenPerMerchant))
            let depth = try await outbox.database.read { try $0.outboxDepth() }
            #expect(depth == hanging * 100)
            results.append(result)
            try await outbox.database.close()
        }
        #expect(results[0].rounds == results[1].rounds && results[0].told == results[1].told)
    }

    @Test("are one where the merchant asked for that, in the order of events, each after the one before is stored")
    func ordered() async throws {
        let outbox = try Outbox(.sqlite)
        try await outbox.add(.init(number: 1, endpoints: 1..<2, events: 0..<100, isOrdered: true))
        let gateway = Rounds(outbox)
        try await gateway.look()
        let result = await tell(gateway, count: 100)
        #expect(result.most == 1 && result.told == (0..<100).map { EventID(value: UInt128($0)) })
        #expect(gateway.stored == 100)
        try await outbox.database.close()
    }

    @Test("overtake one that hangs, which is sent again when its worker has died", arguments: Engine.allCases)
    func overtaken(engine: Engine) async throws {
        let outbox = try Outbox(engine)
        try await outbox.add(.init(number: 1, endpoints: 1..<2, events: 0..<200))
        let gateway = Rounds(outbox)
        try await gateway.look()
        for _ in 0..<4 { await gateway.answer(after: .milliseconds(100)) { _ in true } }
        let slow = try #require(gateway.open.first).delivery.event
        while gateway.open.count > 1 {
            await gateway.answer(after: .milliseconds(100)) { $0.delivery.event != slow }
        }
        let deliveries = try await outbox.database.read { session in
            try (0..<200).map { try session.deliveries(of: EventID(value: $0)) }
        }
        let pending = deliveries.indices.filter { deliveries[$0].map(\.state) != [.delivered] }
        #expect(pending.map { EventID(value: UInt128($0)) } == [slow])
        // Its worker dies; the next one finds it when the turn has run out.
        outbox.clock.advance(by: DeliveryPlan.lease)
        let now = outbox.clock.now()
        let again = try await outbox.database.write { session in
            try session.takeTurn(at: Self.good, at: now, until: now.advanced(by: .seconds(60)), limit: 20)
        }
        #expect(again?.deliveries.map(\.event) == [slow])
        try await outbox.database.close()
    }

    @Test("become fewer when the endpoint is slow or fails, and one event is tried at a time while it is down")
    func fewer() async throws {
        let outbox = try Outbox(.sqlite)
        try await outbox.add(.init(number: 1, endpoints: 1..<2, events: 0..<2_000))
        let gateway = Rounds(outbox)
        try await gateway.look()
        for _ in 0..<6 { await gateway.answer(after: .milliseconds(100)) { _ in true } }
        #expect(gateway.open.count == 64)
        await gateway.answer(after: .seconds(6)) { _ in true }
        #expect(gateway.open.count == 32)
        await gateway.answer(503, after: .zero) { _ in true }
        #expect(gateway.open.count == 16)
        for _ in 0..<6 { await gateway.answer(503, after: .zero) { _ in true } }
        #expect(gateway.open.isEmpty, "an endpoint that is down is asked without a pause")
        try await gateway.look()
        #expect(gateway.open.count == 1)
        // It is back.
        for _ in 0..<3 { await gateway.answer(after: .zero) { _ in true } }
        #expect(gateway.open.count > 1)
        try await outbox.database.close()
    }
}
