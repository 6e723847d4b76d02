import DatabaseEngines
import Payments
import Records
import Seams
import Storage
import Synchronization
import Testing

@testable import Webhooks

@Suite("Whatever endpoints answer, and whichever worker dies or stands still,")
struct DeliveryLawTests {
    @Test(
        "each event is sent to each endpoint that existed and was on, at the latest when it is on again, to no others, in order where that is asked for, and not twice without a reason",
        arguments: Engine.allCases,
        0..<16
    )
    func laws(engine: Engine, seed: UInt64) async throws {
        let world = try await DeliveryWorld(on: engine, seed: seed)
        for _ in 0..<120 {
            try await world.act()
            try await countsAgree(world, seed)
        }
        try await world.calmDown()
        let state = world.state.withLock { $0 }
        #expect(state.violations.isEmpty, "seed \(seed)")
        for (number, endpoint) in state.endpoints.enumerated() where !endpoint.isGone {
            let missed = endpoint.expected.filter { !endpoint.taken.contains($0) }
            #expect(missed.isEmpty, "seed \(seed): endpoint \(number)")
            for event in endpoint.expected {
                let deliveries = try await world.database.read { try $0.deliveries(of: EventID(value: UInt128(event))) }
                #expect(deliveries.first { $0.endpoint == endpoint.id }?.state == .delivered, "seed \(seed)")
            }
        }
        #expect(try await world.database.read { try $0.outboxDepth() } == 0, "seed \(seed): the outbox is not empty")
        try await world.database.close()
    }

    /// Compares the depth of the outbox with the pending deliveries of all events.
    private func countsAgree(_ world: DeliveryWorld, _ seed: UInt64) async throws {
        guard world.below(10) == 0 else { return }
        let count = world.state.withLock { $0.events.count }
        let (depth, pending) = try await world.database.read { session in
            let waiting = try (0..<count).map { number in
                try session.deliveries(of: EventID(value: UInt128(number))).count { delivery in
                    try delivery.state == .pending && session.endpoint(delivery.endpoint)?.disabledAt == nil
                }
            }
            return (try session.outboxDepth(), waiting.reduce(0, +))
        }
        #expect(depth == pending, "seed \(seed)")
    }
}
