import DatabaseEngines
import Ledger
import Money
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import Testing

@Suite("The simulation of payouts")
struct PayoutSimulationTests {
    private static let merchant = MerchantID(value: 7)
    private static let seed: UInt64 = 20_261_125

    /// Throws at every fault point with some probability, as if the process died there.
    private static func faults(_ random: SeededRandom, percent: UInt64) -> FaultInjector {
        FaultInjector { _ in if random.next() % 100 < percent { throw Desk.Crash() } }
    }

    private struct World {
        let clock = ManualClock(Timestamp(seconds: 1_000_000))
        let coin: Asset
        let rail: ModelRail
        let settlement: Settlement
        let ids: [PayoutID]

        init(payouts: Int, seed: UInt64, isBatching: Bool) throws {
            var coin = Asset(id: try AssetID("ton:testnet:native"), code: "TON", name: "", scale: 9, displayNames: [])
            coin.payoutMinimum = Amount(asset: coin.id, units: 1)
            self.coin = coin
            rail = ModelRail(asset: coin.id, clock: clock, seed: seed, isBatching: isBatching)
            let faults = PayoutSimulationTests.faults(SeededRandom(seed: seed &+ 1), percent: 10)
            settlement = try Desk.settlement(Engine.sqlite.open(), [rail], coin, clock, faults)
            ids = (1...payouts).map { PayoutID(value: UInt128($0)) }
        }

        /// Gives the merchant the balance for all payouts, and requests them.
        func ask() async throws {
            let (now, total) = (clock.now(), Amount(asset: coin.id, units: Int256(ids.count)))
            try await settlement.database.write { session in
                try Desk.open(PayoutSimulationTests.merchant, with: total, at: "model", in: session, now: now)
            }
            let request = PayoutRequest(
                amount: Amount(asset: coin.id, units: 1),
                destination: "d",
                comment: nil,
                needsApproval: false
            )
            try await each(ids) { id in
                _ = try await settlement.requestPayout(request, by: PayoutSimulationTests.merchant, id: id)
            }
        }

        /// Runs a closure for many at once; injected failures are ignored.
        func each<Element: Sendable>(
            _ elements: [Element],
            _ body: @escaping @Sendable (Element) async throws -> Void
        ) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                var waiting = elements[...]
                for _ in 0..<64 {
                    guard let next = waiting.popFirst() else { break }
                    group.addTask { do { try await body(next) } catch is Desk.Crash {} }
                }
                while try await group.next() != nil {
                    guard let next = waiting.popFirst() else { continue }
                    group.addTask { do { try await body(next) } catch is Desk.Crash {} }
                }
            }
        }

        /// A round of the worker: each due transfer takes a step.
        func step() async throws {
            clock.advance(by: .seconds(20))
            for _ in 0..<1_000 {
                do { if try await settlement.signBatches() == 0 { break } } catch is Desk.Crash {}
            }
            let due = try await settlement.outgoingDue(limit: ids.count)
            try await each(due) { id in try await settlement.advance(id) }
        }
    }

    @Test(
        "20,000 payouts with faults at each step are paid at most once, and none stays unknown without an alarm",
        arguments: [false, true]
    )
    func tenThousandEach(isBatching: Bool) async throws {
        print("seed \(Self.seed)")
        let world = try World(payouts: 10_000, seed: Self.seed, isBatching: isBatching)
        try await world.ask()
        var open = 10_000
        for round in 1...200 where open > 0 {
            try await world.step()
            guard round % 4 == 0 else { continue }
            let now = world.clock.now()
            // After twice its lifetime a signed transfer has ended, or an alarm names it.
            let limit = now.advanced(by: .zero - ModelRail.lifetime)
            let (left, alarmed) = try await world.settlement.database.read { session in
                let states: [PayoutStateMachine.State] = [.awaitingPayment, .unknown, .inProgress]
                return (
                    try session.outgoing(in: states, dueAt: .distantFuture, limit: 10_000),
                    Set(try OverdueTransfers.list(in: session, at: now).map(\.purpose.id))
                )
            }
            let late = left.filter { ($0.prepared?.validUntil ?? now) < limit }.map(\.purpose.id)
            #expect(late.allSatisfy(alarmed.contains) || alarmed.count == 1_000)
            open = left.count
        }
        let transfers = try await world.settlement.database.read { session in
            try world.ids.compactMap { try session.outgoing($0.text) }
        }
        #expect(transfers.count == 10_000)
        var counts: [PayoutStateMachine.State: Int] = [:]
        for transfer in transfers {
            counts[transfer.status.state, default: 0] += 1
            let effects = world.rail.effects(of: transfer.purpose.id)
            #expect(effects == (transfer.status.state == .completed ? 1 : 0), "\(transfer.purpose.id)")
        }
        #expect((counts[.completed] ?? 0) + (counts[.failed] ?? 0) == 10_000)
        #expect((counts[.completed] ?? 0) > 5_000)
        #expect(world.rail.reusedNumbers == 0)
        let balances = try await world.settlement.database.read { session in
            (try session.trialBalance().isBalanced, try session.balances(code: AccountCode("payouts_payable")))
        }
        #expect(balances.0)
        #expect(balances.1.allSatisfy { $0.amount.isZero })
    }
}
