import Ledger
import Logging
import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import Testing

@testable import Reconciliation

@Suite("The duties of the worker")
struct DutyTests {
    /// Two rails of one gateway: the first one never answers, the second one has a payment.
    private struct World {
        let desk: Desk
        let settlement: Settlement
        let hanging: ScriptedProvider
        let paying: ScriptedProvider

        init() async throws {
            desk = try await Desk()
            hanging = ScriptedProvider(asset: desk.coin.id, key: "hanging")
            paying = ScriptedProvider(asset: desk.coin.id, key: "paying")
            settlement = try Desk.settlement(
                desk.settlement.database,
                [hanging, paying],
                desk.coin,
                desk.clock,
                .none
            )
        }

        func worker(_ converse: @escaping ReconciliationWorker.Conversation = { _, _ in nil }) -> ReconciliationWorker {
            ReconciliationWorker(
                settlement: settlement,
                converse: converse,
                random: SeededRandom(seed: 1),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }

        /// Never returns until the task is cancelled.
        static func hang() async throws(ProviderError) -> ScanPage {
            for await _ in AsyncStream<Void>.makeStream().stream {}
            throw ProviderError(.unavailable, "the node does not answer")
        }

        /// Lets time pass until the task is cancelled.
        func tick() async {
            while !Task.isCancelled {
                desk.clock.advance(by: .seconds(1))
                await Task.yield()
            }
        }
    }

    @Test(
        "are each done by themselves: a rail that never answers delays no payment on another one",
        .timeLimit(.minutes(2))
    )
    func hangingRail() async throws {
        let world = try await World()
        let transfer = world.desk.transfer(try world.desk.amount("1.5"), for: PaymentOptionID(value: 9))
        let (pages, counted) = AsyncStream.makeStream(of: Void.self)
        world.hanging.script.withLock { $0.page = World.hang }
        world.paying.script.withLock { script in
            script.page = { () async throws(ProviderError) in
                counted.yield()
                return ScanPage(observations: [.incoming(transfer)], position: "1", hasMore: false, completeUntil: nil)
            }
        }
        let worker = world.worker()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await worker.run(every: .seconds(1), at: AsyncStream { _ in }) }
            group.addTask { await world.tick() }
            // The third page is asked for after the first one was recorded.
            var asked = 0
            for await _ in pages {
                asked += 1
                if asked == 3 { break }
            }
            group.cancelAll()
        }
        let found = try await world.settlement.database.read { session in
            try session.standingPayments(provider: "paying", since: Timestamp(seconds: 0))
        }
        #expect(found.map(\.amount) == [transfer.amount])
        let states = world.settlement.duties.all
        #expect(states.contains { $0.name == "scan of hanging" && $0.state.lastSuccess == nil })
        #expect(states.contains { $0.name == "scan of paying" && $0.state.lastSuccess != nil })
    }

    @Test(
        "deal with a push when it comes, though time stands still and a rail never answers",
        .timeLimit(.minutes(2))
    )
    func push() async throws {
        let world = try await World()
        for provider in [world.hanging, world.paying] { provider.script.withLock { $0.page = World.hang } }
        let (pushes, push) = AsyncStream.makeStream(of: Void.self)
        let (messages, heard) = AsyncStream.makeStream(of: String.self)
        let worker = world.worker { message, _ in
            heard.yield(String(decoding: message, as: UTF8.self))
            return "heard"
        }
        let settlement = world.settlement
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await worker.run(every: .seconds(3_600), at: pushes) }
            group.addTask {
                for number in 1...3 {
                    try await settlement.keep(message: Array("\(number)".utf8), from: "bot", key: "\(number)")
                    push.yield()
                    for await message in messages where message == "\(number)" { break }
                }
            }
            try await group.next()
            group.cancelAll()
        }
        #expect(world.desk.clock.now() == Timestamp(seconds: 1_000_000))
    }

    @Test(
        "never run twice at once, run again when they were called for meanwhile, and rest at most 15 s after failures",
        arguments: [1, 2, 3, 4, 5] as [UInt64]
    )
    func roster(seed: UInt64) {
        let random = SeededRandom(seed: seed)
        func below(_ limit: UInt64) -> UInt64 { random.next() % limit }
        let duties = (0..<5).map { number in
            Duty("duty \(number)", restsAfterFailure: number % 2 == 0) { _, _ in }
        }
        var roster = DutyRoster()
        var now = Timestamp(seconds: 1_000)
        var running: Set<String> = []
        var called: Set<String> = []
        var failedAt: [String: Timestamp] = [:]
        for _ in 0..<2_000 {
            now = now.advanced(by: .milliseconds(Int64(below(4_000))))
            let asked = duties.filter { _ in below(2) == 0 }
            let begun = roster.begin(among: asked, at: now)
            for duty in asked {
                let isBegun = begun.contains { $0.name == duty.name }
                if running.contains(duty.name) {
                    #expect(!isBegun, "seed \(seed): \(duty.name) runs twice")
                    called.insert(duty.name)
                } else if !isBegun {
                    let failed = failedAt[duty.name]
                    #expect(duty.restsAfterFailure && failed != nil, "seed \(seed): \(duty.name) rests for nothing")
                    #expect(now.since(failed ?? now) <= DutyRoster.longestRest, "seed \(seed): it rests too long")
                } else {
                    running.insert(duty.name)
                    called.remove(duty.name)
                }
            }
            for duty in duties where running.contains(duty.name) && below(3) == 0 {
                let problems = below(2) == 0 ? [] : ["problem \(below(2))"]
                let ended = roster.end(duty, with: problems, at: now, jitter: UInt8(below(256)))
                running.remove(duty.name)
                let rests = !problems.isEmpty && duty.restsAfterFailure
                #expect((ended.next != nil) == (called.contains(duty.name) && !rests), "seed \(seed)")
                called.remove(duty.name)
                failedAt[duty.name] = problems.isEmpty ? nil : now
            }
        }
    }

    @Test("tell a problem when it is new, and again when it comes back")
    func problems() {
        let duty = Duty("duty") { _, _ in }
        var roster = DutyRoster()
        let now = Timestamp(seconds: 1)
        let rounds: [([String], [String])] = [
            (["a"], ["a"]), (["a"], []), (["a", "b"], ["b"]), ([], []), (["a"], ["a"]), (["a"], []),
        ]
        for (problems, told) in rounds {
            #expect(roster.begin(among: [duty], at: now).count == 1)
            #expect(roster.end(duty, with: problems, at: now, jitter: 0).new == told)
        }
    }

    @Test("that a wrong clock has put off for years are done when the clock is right again")
    func wrongClock() {
        let duty = Duty("duty", restsAfterFailure: true) { _, _ in }
        var roster = DutyRoster()
        let now = Timestamp(seconds: 1_000)
        let later = now.advanced(by: .seconds(86_400 * 3_650))
        #expect(roster.begin(among: [duty], at: later).count == 1)
        _ = roster.end(duty, with: ["away"], at: later, jitter: 255)
        #expect(roster.begin(among: [duty], at: now).count == 1)
    }
}
