import DatabaseEngines
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
                let outcome = DutyOutcome(problems)
                let ended = roster.end(duty, with: outcome, at: now, jitter: UInt8(below(256)))
                running.remove(duty.name)
                let rests = !problems.isEmpty && duty.restsAfterFailure
                #expect((ended.next != nil) == (called.contains(duty.name) && !rests), "seed \(seed)")
                called.remove(duty.name)
                failedAt[duty.name] = problems.isEmpty ? nil : now
            }
        }
    }

    @Test("fail until they are done, though their time has not come again, and are done only when they were done here")
    func outcomes() {
        let duty = Duty("duty") { _, _ in }
        var roster = DutyRoster()
        func end(_ outcome: DutyOutcome, at seconds: Int64) -> DutyState {
            let now = Timestamp(seconds: seconds)
            #expect(roster.begin(among: [duty], at: now).count == 1)
            #expect(roster.state(of: duty).isRunning)
            _ = roster.end(duty, with: outcome, at: now, jitter: 0)
            return roster.state(of: duty)
        }
        #expect(end(.notDue, at: 1) == DutyState())
        let failed = end(.failed(problems: ["a"], causes: ["provider: unavailable"]), at: 2)
        #expect(failed.word == .failing && failed.failingSince == Timestamp(seconds: 2) && failed.failures == 1)
        #expect(end(.notDue, at: 3) == failed)
        let again = end(.failed(problems: ["a"], causes: []), at: 4)
        #expect(again.failingSince == Timestamp(seconds: 2) && again.failures == 2 && again.lastSuccess == nil)
        let elsewhere = end(.elsewhere, at: 5)
        #expect(elsewhere.word == .elsewhere && elsewhere.failures == 0 && elsewhere.lastSuccess == nil)
        #expect(end(.notDue, at: 6) == elsewhere)
        let done = end(.done, at: 7)
        #expect(done.word == .waiting && done.lastSuccess == Timestamp(seconds: 7))
        #expect(end(.elsewhere, at: 8).lastSuccess == Timestamp(seconds: 7))
    }

    @Test(
        "are shown as done elsewhere while another gateway has them, and as done here afterwards",
        .timeLimit(.minutes(2))
    )
    func elsewhere() async throws {
        let desk = try await Desk(on: .postgreSQL)
        func gateway(_ identity: String) throws -> ReconciliationWorker {
            ReconciliationWorker(
                settlement: try Desk.settlement(
                    desk.settlement.database,
                    [desk.provider],
                    desk.coin,
                    desk.clock,
                    .none
                ),
                identity: identity,
                random: SeededRandom(seed: 1),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }
        let (first, second) = (try gateway("first"), try gateway("second"))
        #expect(await first.runOnce().problems.isEmpty)
        let leased = Set(second.duties.filter(\.isLeased).map(\.name))
        let others = Set(second.duties.filter { !$0.isLeased }.map(\.name))
        #expect(leased.isSuperset(of: ["inbox", "notices", "outgoing of scripted"]) && !others.isEmpty)
        // Time stands still, so that each duty is begun once.
        let board = second.settlement.duties
        let running = Task { await second.run(every: .seconds(1), at: AsyncStream { _ in }) }
        func states() -> [String: DutyState] { Dictionary(uniqueKeysWithValues: board.all.map { ($0.name, $0.state) }) }
        while states().count < leased.count + others.count || !board.running.isEmpty { await Task.yield() }
        for (name, state) in states() {
            #expect(state.word == (leased.contains(name) ? .elsewhere : .waiting), "\(name)")
            #expect((state.lastSuccess == nil) == leased.contains(name), "\(name)")
        }
        try await first.releaseLeases()
        while states()["inbox"]?.word == .elsewhere {
            desk.clock.advance(by: .seconds(1))
            await Task.yield()
        }
        running.cancel()
        await running.value
        #expect(states()["inbox"]?.lastSuccess != nil)
    }

    @Test(
        "that have not ended when the gateway stops are named until they have, and all others have ended",
        .timeLimit(.minutes(2))
    )
    func stopping() async throws {
        let world = try await World()
        let (held, hold) = AsyncStream.makeStream(of: CheckedContinuation<Void, Never>.self)
        // A node that answers when the test says so: no cancellation reaches it.
        world.hanging.script.withLock { script in
            script.page = { () async throws(ProviderError) in
                await withCheckedContinuation { hold.yield($0) }
                throw ProviderError(.unavailable, "it answers too late")
            }
        }
        world.paying.script.withLock { $0.page = World.hang }
        let (worker, board) = (world.worker(), world.settlement.duties)
        let running = Task { await worker.run(every: .seconds(1), at: AsyncStream { _ in }) }
        var requests = held.makeAsyncIterator()
        let request = try #require(await requests.next())
        while !board.running.contains("scan of paying") { await Task.yield() }
        running.cancel()
        while board.running != ["scan of hanging"] { await Task.yield() }
        request.resume()
        await running.value
        #expect(board.running.isEmpty)
        #expect(board.all.allSatisfy { $0.state.failures == 0 }, "a duty that is stopped has not failed")
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
            #expect(roster.end(duty, with: DutyOutcome(problems), at: now, jitter: 0).new == told)
        }
    }

    @Test("that a wrong clock has put off for years are done when the clock is right again")
    func wrongClock() {
        let duty = Duty("duty", restsAfterFailure: true) { _, _ in }
        var roster = DutyRoster()
        let now = Timestamp(seconds: 1_000)
        let later = now.advanced(by: .seconds(86_400 * 3_650))
        #expect(roster.begin(among: [duty], at: later).count == 1)
        _ = roster.end(duty, with: DutyOutcome(["away"]), at: later, jitter: 255)
        #expect(roster.begin(among: [duty], at: now).count == 1)
    }
}

extension DutyOutcome {
    init(_ problems: [String]) { self = problems.isEmpty ? .done : .failed(problems: problems, causes: []) }
}
