import FixtureEVM
import HTTPMessages
import ProviderEVM
import Providers
import Seams
import Synchronization
import Testing

@Suite("The request budgets of the nodes of an EVM chain")
struct NodeBudgetTests {
    private static let nodes = ["http://chain/evm", "http://chain/evm/1", "http://chain/evm/2"]

    /// A node that a test has answer that it had too many requests, or hold back its answers.
    private final class Gate: HTTPTransport {
        let inner: any HTTPTransport
        let isBusy = Mutex(false)
        /// The requests that were sent, by their bodies.
        let sent = Mutex<[String]>([])
        private let held = Mutex<AsyncStream<Void>?>(nil)

        init(_ inner: any HTTPTransport) { self.inner = inner }

        /// Holds back the answer to the next request until the continuation is finished.
        func holdNext() -> AsyncStream<Void>.Continuation {
            let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
            held.withLock { $0 = stream }
            return continuation
        }

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            sent.withLock { $0.append(String(decoding: request.body, as: UTF8.self)) }
            let waiting = held.withLock { held in
                defer { held = nil }
                return held
            }
            if let waiting { for await _ in waiting {} }
            if isBusy.withLock({ $0 }) {
                return HTTPResponse(status: 429, fields: [HTTPField("Retry-After", "7")])
            }
            return try await inner.send(request)
        }
    }

    private struct World {
        let rail: EVMRail
        let gates: [String: Gate]
        let budgets: [String: RequestBudget]
        let clock: ManualClock

        init(_ limits: RequestLimits, nodes: Int = 3, quorum: Int = 2) throws {
            let clock = ManualClock(Timestamp(seconds: 1_800_000_000))
            let made = Mutex<([String: Gate], [String: RequestBudget])>(([:], [:]))
            rail = try EVMRail(nodes: nodes, quorum: quorum) { url, inner in
                let (gate, budget) = (Gate(inner), RequestBudget(limits, clock: clock))
                made.withLock { made in
                    made.0[url] = gate
                    made.1[url] = budget
                }
                return BudgetedTransport(gate, within: budget)
            }
            (gates, budgets) = made.withLock { $0 }
            self.clock = clock
        }
    }

    @Test(
        "a node that has too many requests gets fewer, the others go on, and silence gives it back",
        .timeLimit(.minutes(2)),
        arguments: nodes
    )
    func ofItsOwn(busy: String) async throws {
        let world = try World(RequestLimits(perSecond: 64, burst: 1_000, inFlight: 4))
        for url in Self.nodes { #expect(world.budgets[url]?.use.rate == 64_000) }
        world.gates[busy]?.isBusy.withLock { $0 = true }
        // Enough questions for each node to be asked, with time standing still: none waits for the busy one.
        for _ in 0..<3 { _ = try await world.rail.provider.readWallet(nil, scannedTo: nil) }
        for url in Self.nodes {
            let use = try #require(world.budgets[url]?.use)
            #expect(use.refusals == (url == busy ? 1 : 0) && use.rate == (url == busy ? 32_000 : 64_000), "\(url)")
        }
        world.gates[busy]?.isBusy.withLock { $0 = false }
        let before = world.gates[busy]?.sent.withLock(\.count)
        world.clock.advance(by: .seconds(7))
        for _ in 0..<6 { _ = try await world.rail.provider.readWallet(nil, scannedTo: nil) }
        #expect(world.gates[busy]?.sent.withLock(\.count) ?? 0 > before ?? 0, "it is never asked again")
        for _ in 0..<40 {
            world.clock.advance(by: .seconds(6))
            _ = try await world.rail.provider.readWallet(nil, scannedTo: nil)
        }
        #expect(world.budgets[busy]?.use.rate == 64_000)
    }

    @Test("what is asked for a payout goes before the scan that has waited longer", .timeLimit(.minutes(2)))
    func payoutsFirst() async throws {
        let world = try World(RequestLimits(perSecond: 1_000, burst: 1_000, inFlight: 1), nodes: 1, quorum: 1)
        let (gate, budget) = (try #require(world.gates[Self.nodes[0]]), try #require(world.budgets[Self.nodes[0]]))
        let release = gate.holdNext()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await world.rail.page() }
            while gate.sent.withLock(\.count) < 1 { await Task.yield() }
            group.addTask { _ = try await world.rail.page() }
            while budget.use.waiting[.scan] ?? 0 < 1 { await Task.yield() }
            group.addTask { _ = try await world.rail.provider.readWallet(nil, scannedTo: nil) }
            while budget.use.waiting[.payout] ?? 0 < 1 { await Task.yield() }
            release.finish()
            try await group.waitForAll()
        }
        let sent = gate.sent.withLock { $0 }
        #expect(sent.count > 2 && sent[1].contains("eth_getTransactionCount"), "\(sent)")
        #expect(budget.use.made[.payout] == 1)
    }

    @Test("reports come last")
    func reports() async throws {
        let world = try World(RequestLimits(perSecond: 1_000, burst: 1_000, inFlight: 4))
        _ = try await world.rail.provider.balances(of: [], at: nil)
        for url in Self.nodes.prefix(2) {
            let made = try #require(world.budgets[url]).use.made
            #expect(made[.report] ?? 0 > 0 && made[.scan] == nil && made[.payout] == nil)
        }
    }
}
