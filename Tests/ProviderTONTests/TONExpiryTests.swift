import FixtureTON
import HTTPMessages
import Money
import Payments
import ProviderTON
import Providers
import Seams
import SigningDesk
import Synchronization
import TON
import Testing

/// A node whose index of accounts can stand still, while it serves the newest blocks and chain transactions.
private final class LaggingIndex: HTTPTransport {
    private let chain: FixtureTON
    private let state = Mutex((isLagging: false, accounts: [String: HTTPResponse]()))

    init(chain: FixtureTON) { self.chain = chain }

    var isLagging: Bool {
        get { state.withLock { $0.isLagging } }
        set { state.withLock { $0.isLagging = newValue } }
    }

    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        guard request.url.contains("accountStates") else { return await chain.respond(to: request) }
        if let old = state.withLock({ $0.isLagging ? $0.accounts[request.url] : nil }) { return old }
        let answer = await chain.respond(to: request)
        state.withLock { $0.accounts[request.url] = answer }
        return answer
    }
}

@Suite("A transfer on TON whose time is over")
struct TONExpiryTests {
    private struct World {
        let rail: Rail
        let index: LaggingIndex
        let order: TransferOrder
        let prepared: PreparedTransfer
    }

    private static let lifetime: UInt32 = 600
    private static let longAfter = Duration.seconds(2_000)

    /// A signed transfer of a wallet that exists.
    private func world(isHighload: Bool, isAlone: Bool) async throws -> World {
        let clock = ManualClock(Timestamp(seconds: 1_800_000_000))
        let chain = FixtureTON(clock: clock, network: .testnet)
        let index = LaggingIndex(chain: chain)
        let rail = try Rail(
            walletVersion: .v5r1,
            highloadTimeout: isHighload ? Self.lifetime : nil,
            clock: clock,
            chain: chain,
            node: index,
            isAlone: isAlone
        )
        try chain.pay(3_000_000_000, to: rail.provider.walletAddress, comment: "top-up", by: "operator")
        try chain.settle()
        let alice = try chain.customer("alice").address
        if !isHighload {
            // The request that deploys the wallet has no end.
            _ = await rail.provider.submit(try await rail.prepare(rail.order(1, rail.coin, to: alice)))
            try chain.settle()
        }
        let order = rail.order(7, rail.coin, to: alice)
        return World(rail: rail, index: index, order: order, prepared: try await rail.prepare(order))
    }

    private func fate(_ world: World) async throws -> TransferFate {
        try await world.rail.provider.fate(of: world.prepared, for: world.order)
    }

    private func isDead(_ fate: TransferFate) -> Bool { if case .dead = fate { true } else { false } }

    @Test(
        "is never dead because an old state of the wallet is shown beside a new block",
        arguments: [false, true],
        [false, true]
    )
    func laggingIndex(isHighload: Bool, isAlone: Bool) async throws {
        let world = try await world(isHighload: isHighload, isAlone: isAlone)
        _ = try await fate(world)
        world.index.isLagging = true
        _ = await world.rail.provider.submit(world.prepared)
        try world.rail.chain.settle()
        world.rail.clock.advance(by: Self.longAfter)
        try world.rail.chain.mine()
        #expect(try await fate(world) == .pending)
        world.index.isLagging = false
        guard case .confirmed = try await fate(world) else {
            Issue.record("it has arrived")
            return
        }
    }

    @Test("that the wallet never took is dead with the wallet's next chain transaction", arguments: [false, true])
    func nextTransaction(isHighload: Bool) async throws {
        let world = try await world(isHighload: isHighload, isAlone: true)
        world.rail.clock.advance(by: Self.longAfter)
        try world.rail.chain.mine()
        #expect(try await fate(world) == .pending)
        try world.rail.chain.pay(1, to: world.rail.provider.walletAddress, comment: "", by: "operator")
        try world.rail.chain.settle()
        #expect(isDead(try await fate(world)))
    }

    @Test("that the wallet never took is dead once a second node shows the same state", arguments: [false, true])
    func witness(isHighload: Bool) async throws {
        let world = try await world(isHighload: isHighload, isAlone: false)
        #expect(try await fate(world) == .pending)
        world.rail.clock.advance(by: Self.longAfter)
        try world.rail.chain.mine()
        #expect(isDead(try await fate(world)))
    }
}

@Suite("Payouts of a wallet that numbers its requests")
struct TONNumberedBatchTests {
    @Test("share a request, as many as the wallet takes", arguments: [WalletVersion.v3r2, .v4r2, .v5r1])
    func share(version: WalletVersion) async throws {
        let rail = try Rail(walletVersion: version)
        let count = min(version.maximumMessages, 40)
        try rail.chain.pay(90_000_000_000, to: rail.provider.walletAddress, comment: "top-up", by: "operator")
        try rail.chain.settle()
        #expect(rail.provider.maximumBatch == version.maximumMessages)
        #expect(rail.provider.lane?.limit == 1)
        var receivers: [FixtureTON.Customer] = []
        for number in 0..<count { receivers.append(try rail.chain.customer("receiver \(number)")) }
        let orders = receivers.enumerated().map { number, receiver in
            TransferOrder(
                id: "po_\(number)",
                amount: Amount(asset: rail.coin, units: Int256(1_000_000 + number)),
                destination: receiver.address.raw,
                comment: nil
            )
        }
        let batch = try await rail.prepare(orders, after: nil)
        #expect(Set(batch.prepared.values.map(\.sequence)) == [0])
        #expect(Set(batch.prepared.values.map(\.position)) == Set(0..<count))
        #expect(Set(batch.prepared.values.map(\.bytes)).count == 1)
        _ = await rail.provider.submit(try #require(batch.prepared["po_0"]))
        try rail.chain.settle()
        var fees = UInt128(0)
        for order in orders {
            let prepared = try #require(batch.prepared[order.id])
            guard case .confirmed(_, let fee, _) = try await rail.provider.fate(of: prepared, for: order) else {
                Issue.record("\(order.id) has arrived")
                return
            }
            fees += UInt128(exactly: try #require(fee).units) ?? 0
        }
        let held = try await rail.provider.balances(of: []).balances.first { $0.asset == rail.coin }
        let paid = orders.compactMap { UInt128(exactly: $0.amount.units) }.reduce(0, +)
        #expect(held?.units == Int256(90_000_000_000 - fees - paid))
    }
}
