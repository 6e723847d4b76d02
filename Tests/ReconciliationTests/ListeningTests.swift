import DatabaseEngines
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

@Suite("A doorbell beside the scan")
struct ListeningTests {
    private static func account(_ number: Int) -> ScanAccount { ScanAccount(account: "\(number)", subject: "coin") }

    // MARK: - Plan

    @Test(
        "names each wanted account sooner or later, no more than a stream takes, and changes a stream once a minute at most",
        arguments: [1, 2, 3, 4, 5, 6] as [UInt64]
    )
    func plan(seed: UInt64) {
        let random = SeededRandom(seed: seed)
        func below(_ limit: UInt64) -> Int { Int(random.next() % limit) }
        let capacity = ListeningCapacity(streams: 1 + below(3), accountsPerStream: 2 + below(6))
        var plan = ListeningPlan(capacity)
        var now = Timestamp(seconds: 1_000)
        var changedAt: [Int: Timestamp] = [:]
        var wanted: [ScanAccount] = []
        for _ in 0..<500 {
            now = now.advanced(by: .seconds(Int64(below(40))))
            wanted.removeAll { _ in below(4) == 0 }
            for _ in 0..<below(3) { wanted.append(Self.account(below(1_000))) }
            let earlier = (0..<capacity.streams).map { plan.accounts(of: $0) }
            let changed = plan.follow(wanted, at: now)
            for stream in 0..<capacity.streams {
                let accounts = plan.accounts(of: stream)
                #expect(accounts.count <= capacity.accountsPerStream, "seed \(seed)")
                #expect((accounts != earlier[stream]) == changed.contains(stream), "seed \(seed)")
            }
            for stream in changed {
                if let last = changedAt[stream] { #expect(now.since(last) >= ListeningPlan.constancy, "seed \(seed)") }
                changedAt[stream] = now
            }
        }
        // When nothing changes any more, everything is named that there is room for.
        for _ in 0..<8 {
            now = now.advanced(by: ListeningPlan.constancy)
            _ = plan.follow(wanted, at: now)
        }
        let named = (0..<capacity.streams).reduce(into: Set<ScanAccount>()) { $0.formUnion(plan.accounts(of: $1)) }
        #expect(named.isSuperset(of: wanted.prefix(capacity.streams * capacity.accountsPerStream)), "seed \(seed)")
        #expect(plan.follow(wanted, at: now.advanced(by: .seconds(600))).isEmpty, "seed \(seed)")
    }

    @Test("begins with the first accounts at once, and names a new one at once where a stream is free")
    func begins() {
        var plan = ListeningPlan(ListeningCapacity(streams: 2, accountsPerStream: 10))
        let now = Timestamp(seconds: 1_000)
        #expect(plan.follow([Self.account(1), Self.account(2)], at: now) == [0])
        #expect(plan.follow([Self.account(1), Self.account(2), Self.account(3)], at: now) == [1])
        #expect(plan.follow((1...4).map(Self.account), at: now).isEmpty)
        let later = now.advanced(by: ListeningPlan.constancy)
        #expect(plan.follow((1...4).map(Self.account), at: later) == [1])
        #expect(plan.accounts(of: 1) == [Self.account(3), Self.account(4)])
    }

    // MARK: - Rings

    @Test("remembers an account once and waits with one signal, however often a node rings")
    func flood() async {
        let bell = Doorbell()
        var signals = bell.open().makeAsyncIterator()
        for number in 0..<100_000 { bell.receive(.moved([Self.account(number % 3)]), at: "ton") }
        #expect(await signals.next() != nil)
        #expect(bell.takeRings() == [Doorbell.Ring(provider: "ton", isWhole: false)])
        #expect(bell.takeRings().isEmpty)
        #expect(bell.takeAccounts(of: "ton") == Set((0..<3).map(Self.account)))
        #expect(bell.takeAccounts(of: "ton").isEmpty)
        bell.receive(.moved([Self.account(1)]), at: "ton")
        bell.receive(.begins, at: "ton")
        #expect(await signals.next() != nil)
        #expect(bell.takeRings() == [Doorbell.Ring(provider: "ton", isWhole: true)])
    }

    @Test("never keeps the whole scan from its turn, though it rings all the time")
    func wholeGoesFirst() {
        let (whole, part) = (Duty("scan") { _, _ in }, Duty("rung scan", partOf: "scan") { _, _ in })
        var roster = DutyRoster()
        let now = Timestamp(seconds: 1)
        #expect(roster.begin(among: [part], at: now).count == 1)
        #expect(roster.begin(among: [whole], at: now).isEmpty, "both are done at once")
        for _ in 0..<3 { #expect(roster.begin(among: [part], at: now).isEmpty) }
        #expect(roster.end(part, with: .done, at: now, jitter: 0).next?.name == "scan")
        #expect(roster.begin(among: [whole], at: now).count == 1)
        #expect(roster.begin(among: [part], at: now).isEmpty)
        #expect(roster.end(whole, with: .done, at: now, jitter: 0).next?.name == "rung scan")
    }

    @Test("rests longer after each failure, by up to half a random part less, and never for long")
    func rests() {
        for failures in 1..<100 {
            let (least, most) = (
                DutyRoster.rest(after: failures, jitter: 0), DutyRoster.rest(after: failures, jitter: 255)
            )
            #expect(least * 2 <= DutyRoster.longestRest && least < most && most <= least * 2)
            #expect(least >= DutyRoster.rest(after: failures - 1, jitter: 0))
        }
        #expect(DutyRoster.rest(after: 99, jitter: 0) * 2 == DutyRoster.longestRest)
    }

    @Test("does not end the rest of a scan that fails, nor repeat its problem, by a part that was done")
    func partSaysNothingOfTheWhole() {
        let whole = Duty("scan", restsAfterFailure: true) { _, _ in }
        let part = Duty("rung scan", partOf: "scan", restsAfterFailure: true) { _, _ in }
        var roster = DutyRoster()
        var now = Timestamp(seconds: 1)
        _ = roster.begin(among: [whole], at: now)
        #expect(roster.end(whole, with: .failed(problems: ["away"], causes: []), at: now, jitter: 255).new == ["away"])
        #expect(roster.begin(among: [part], at: now).isEmpty)
        now = now.advanced(by: DutyRoster.longestRest)
        #expect(roster.begin(among: [part], at: now).count == 1)
        _ = roster.end(part, with: .done, at: now, jitter: 0)
        #expect(roster.begin(among: [whole], at: now).count == 1)
        #expect(roster.end(whole, with: .failed(problems: ["away"], causes: []), at: now, jitter: 0).new.isEmpty)
    }

    // MARK: - Worker

    /// A gateway with one rail that tells what a test decides.
    private struct World {
        let desk: Desk
        var provider: ScriptedProvider { desk.provider }
        /// The accounts that are read, in order.
        let reads: AsyncStream<String>

        init() async throws {
            desk = try await Desk()
            let (reads, read) = AsyncStream.makeStream(of: String.self)
            self.reads = reads
            desk.provider.script.withLock { script in
                script.look = { (accounts) async throws(ProviderError) in
                    let tip = AccountTip(place: "1", asOf: Timestamp(seconds: 1_000_000))
                    return AccountLook(
                        asOf: tip.asOf,
                        sights: Dictionary(uniqueKeysWithValues: accounts.map { ($0.account, .moved(tip)) })
                    )
                }
                script.read = { (account, position) async throws(ProviderError) in
                    read.yield(account.account)
                    return ScanPage(observations: [], position: position, hasMore: false, completeUntil: nil)
                }
            }
        }

        func worker() -> ReconciliationWorker {
            ReconciliationWorker(
                settlement: desk.settlement,
                random: SeededRandom(seed: 1),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }

        /// Lets time pass until the task is cancelled.
        func tick(by step: Duration = .milliseconds(50)) async {
            while !Task.isCancelled {
                desk.clock.advance(by: step)
                await Task.yield()
            }
        }

        /// Runs the worker with ages between two polls until `body` is done.
        func running(_ body: () async throws -> Void) async throws {
            let worker = worker()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await worker.run(every: .seconds(10_000_000_000), at: AsyncStream { _ in }) }
                group.addTask { await tick() }
                defer { group.cancelAll() }
                try await body()
            }
        }
    }

    @Test(
        "looks at everything when a stream begins, and then at the accounts of which it tells",
        .timeLimit(.minutes(2))
    )
    func rings() async throws {
        let world = try await World()
        let (tellings, telling) = AsyncStream.makeStream(of: StreamNews.self)
        world.provider.script.withLock { script in
            script.stream = { (accounts, receive) async throws(ProviderError) in
                receive(.begins)
                for await news in tellings { receive(news) }
                throw ProviderError(.unavailable, "the stream has ended")
            }
        }
        try await world.running {
            var reads = world.reads.makeAsyncIterator()
            // By the first poll, and because a stream has begun.
            let standing = try #require(await reads.next())
            #expect(await reads.next() == standing)
            for _ in 0..<5 {
                telling.yield(.moved([Self.account(7)]))
                #expect(await reads.next() == "7", "an account is not read of which the node has told")
            }
        }
        let duties = world.desk.settlement.duties.all
        #expect(duties.contains { $0.name == "rung scan of scripted" && $0.state.failures == 0 })
    }

    @Test(
        "comes back with ever longer rests when it fails, is shown, and leaves the scan as it is",
        .timeLimit(.minutes(2))
    )
    func failing() async throws {
        let world = try await World()
        let (attempts, attempt) = AsyncStream.makeStream(of: Timestamp.self)
        let isBack = Mutex(false)
        let clock = world.desk.clock
        world.provider.script.withLock { script in
            script.stream = { (accounts, receive) async throws(ProviderError) in
                attempt.yield(clock.now())
                guard isBack.withLock({ $0 }) else { throw ProviderError(.unavailable, "status 429") }
                receive(.begins)
                for await _ in AsyncStream<Void>.makeStream().stream {}
                throw ProviderError(.unavailable, "the stream has ended")
            }
        }
        let settlement = world.desk.settlement
        func state() -> DutyState? { settlement.duties.all.first { $0.name == "doorbell of scripted" }?.state }
        func isTold() -> Bool { settlement.conditions.all.contains { $0.name == "doorbell scripted" } }
        try await world.running {
            var attempts = attempts.makeAsyncIterator()
            var last = try #require(await attempts.next())
            for _ in 1...8 {
                let next = try #require(await attempts.next())
                #expect(next.since(last) >= DutyRoster.rest(after: 1, jitter: 0))
                last = next
            }
            while !isTold() { await Task.yield() }
            #expect(!settlement.conditions.all.contains { $0.severity == .blocking })
            #expect(!settlement.conditions.all.contains { $0.name.hasPrefix("scan ") })
            isBack.withLock { $0 = true }
            while isTold() { await Task.yield() }
            #expect(state()?.failures == 0 && state()?.isRunning == true)
        }
        #expect(state()?.isRunning == false)
    }

    @Test("rests longer and longer after it told too much, and is told of once", .timeLimit(.minutes(2)))
    func flooding() async throws {
        let world = try await World()
        let (attempts, attempt) = AsyncStream.makeStream(of: Timestamp.self)
        let clock = world.desk.clock
        world.provider.script.withLock { script in
            script.stream = { (accounts, receive) async throws(ProviderError) in
                attempt.yield(clock.now())
                receive(.begins)
                throw ProviderError(.flooded, "it tells too much")
            }
        }
        let conditions = world.desk.settlement.conditions
        func told() -> [Timestamp] { conditions.all.filter { $0.name == "doorbell scripted" }.map(\.since) }
        try await world.running {
            var attempts = attempts.makeAsyncIterator()
            var last = try #require(await attempts.next())
            var since: [Timestamp]?
            for floods in 1...6 {
                let next = try #require(await attempts.next())
                #expect(next.since(last) >= ReconciliationWorker.rest(afterFloods: floods))
                last = next
                // It stays the same condition, although streams begin in between.
                #expect(told().count == 1 && told() == since ?? told())
                since = told()
            }
        }
        #expect(ReconciliationWorker.rest(afterFloods: 1_000) == .seconds(600))
        #expect(ReconciliationWorker.rest(afterFloods: 2) == ReconciliationWorker.rest(afterFloods: 1) * 2)
    }

    @Test("shows a payment that is not final yet, until its trace ends", .timeLimit(.minutes(2)))
    func seen() async throws {
        let world = try await World()
        let desk = world.desk
        let opened = try await desk.openInvoice()
        let transfer = desk.transfer(try desk.amount("1.5"), for: opened.options[0].id)
        let (tellings, telling) = AsyncStream.makeStream(of: StreamNews.self)
        world.provider.script.withLock { script in
            script.stream = { (accounts, receive) async throws(ProviderError) in
                receive(.begins)
                for await news in tellings { receive(news) }
                throw ProviderError(.unavailable, "the stream has ended")
            }
        }
        func shown() async throws -> Int {
            try await desk.settlement.database.read { try $0.sightings(provider: "scripted").count }
        }
        try await world.running {
            telling.yield(.seen([Sighting(transfer: transfer, confirmations: 1, required: 2)]))
            while try await shown() == 0 { await Task.yield() }
            telling.yield(.gone([transfer.naturalKey]))
            while try await shown() == 1 { await Task.yield() }
        }
        let invoice = try await desk.settlement.database.read { try $0.invoice(opened.invoice.id) }
        #expect(invoice?.status.state == .new)
    }

    // MARK: - Two gateways

    @Test(
        "is heard by the gateway that scans; when that is killed, another one listens and finds what was missed",
        .timeLimit(.minutes(3))
    )
    func handedOver() async throws {
        let desk = try await Desk(on: .postgreSQL)
        let opened = try await desk.openInvoice()
        let transfer = desk.transfer(try desk.amount("1.5"), for: opened.options[0].id)
        let (events, tell) = AsyncStream.makeStream(of: String.self)
        let isMissed = Mutex(false)
        func gateway(_ name: String) throws -> ReconciliationWorker {
            let provider = ScriptedProvider(asset: desk.coin.id)
            provider.script.withLock { script in
                script.look = { (accounts) async throws(ProviderError) in
                    let tip = AccountTip(place: "1", asOf: Timestamp(seconds: 1_000_000))
                    let sights = accounts.map { ($0.account, AccountLook.Sight.moved(tip)) }
                    return AccountLook(asOf: tip.asOf, sights: Dictionary(uniqueKeysWithValues: sights))
                }
                script.read = { (account, position) async throws(ProviderError) in
                    let found = isMissed.withLock { $0 } && position == nil ? [Observation.incoming(transfer)] : []
                    let end = found.isEmpty ? position : "1"
                    return ScanPage(observations: found, position: end, hasMore: false, completeUntil: nil)
                }
                script.stream = { (accounts, receive) async throws(ProviderError) in
                    tell.yield("\(name) listens")
                    receive(.begins)
                    for await _ in AsyncStream<Void>.makeStream().stream {}
                    throw ProviderError(.unavailable, "the stream has ended")
                }
            }
            return ReconciliationWorker(
                settlement: try Desk.settlement(desk.settlement.database, [provider], desk.coin, desk.clock, .none),
                identity: name,
                random: SeededRandom(seed: 1),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }
        let (first, second) = (try gateway("first"), try gateway("second"))
        func scan(_ worker: ReconciliationWorker) -> DutyState? {
            worker.settlement.duties.all.first { $0.name == "scan of scripted" }?.state
        }
        func recorded() async throws -> Int {
            try await desk.settlement.database.read { session in
                try session.standingPayments(provider: "scripted", since: Timestamp(seconds: 0)).count
            }
        }
        func run(_ worker: ReconciliationWorker) async {
            await worker.run(every: .seconds(1), at: AsyncStream { _ in })
        }
        var heard = events.makeAsyncIterator()
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                while !Task.isCancelled {
                    desk.clock.advance(by: .milliseconds(50))
                    await Task.yield()
                }
            }
            await withTaskGroup(of: Void.self) { alone in
                alone.addTask { await run(first) }
                #expect(await heard.next() == "first listens")
                group.addTask { await run(second) }
                while scan(second)?.isElsewhere != true { await Task.yield() }
                // It is killed: its leases are not given back.
                alone.cancelAll()
            }
            isMissed.withLock { $0 = true }
            #expect(await heard.next() == "second listens")
            while try await recorded() == 0 { await Task.yield() }
        }
        #expect(try await recorded() == 1)
        #expect(try await desk.booksHold())
    }
}
