import EVM
import FixtureEVM
import Money
import Payments
import ProviderEVM
import Providers
import Seams
import SigningDesk
import Testing

@Suite("Transfers under way on an EVM chain")
struct TransfersUnderWayTests {
    private func order(_ number: Int, _ units: Int64, _ rail: EVMRail) throws -> TransferOrder {
        TransferOrder(
            id: "po_\(number)",
            amount: Amount(asset: rail.coin, units: Int256(units)),
            destination: try rail.chain.customer("receiver \(number)").address.description,
            comment: nil
        )
    }

    private func books(_ underWay: [TransferUnderWay], _ orders: [TransferOrder]) -> WalletBooks {
        WalletBooks(
            signedBelow: (underWay.compactMap(\.prepared.sequence).max() ?? -1) + 1,
            underWay: underWay,
            orders: Set(orders)
        )
    }

    private func permit(
        _ rail: EVMRail,
        for orders: [TransferOrder] = [],
        besides underWay: [TransferUnderWay]
    ) async throws -> SigningPermit {
        let reading = try await rail.provider.readWallet(nil, scannedTo: nil)
        guard case .allowed(let permit) = SigningPermit.compare(reading, with: books(underWay, orders)) else {
            throw ProviderError(.held, "the wallet may not sign")
        }
        return permit
    }

    @Test("have consecutive numbers, are carried out in one block, and are each followed by itself")
    func manyAtOnce() async throws {
        let rail = try EVMRail()
        rail.fund()
        var underWay: [TransferUnderWay] = []
        for number in 0..<12 {
            let order = try order(number, 1_000, rail)
            let prepared = try await rail.provider.prepare(order, under: permit(rail, for: [order], besides: underWay))
            underWay.append(TransferUnderWay(order: order, prepared: prepared))
        }
        #expect(underWay.compactMap(\.prepared.sequence) == Array(0..<12))
        // The nodes get the highest first, and keep those that wait for a lower one.
        for transfer in underWay.reversed() { _ = await rail.provider.submit(transfer.prepared) }
        rail.chain.mine(1)
        rail.chain.mine(3)
        for transfer in underWay {
            guard case .confirmed = try await rail.provider.fate(of: transfer.prepared, for: transfer.order) else {
                Issue.record("\(transfer.order.id) has arrived")
                return
            }
        }
    }

    @Test("leave coins for each other, so that none waits for ever for money that another has taken")
    func funds() async throws {
        let rail = try EVMRail()
        rail.fund()
        // The wallet holds ten coins of 10^18 units.
        let most: Int64 = 6_000_000_000_000_000_000
        let first = try order(1, most, rail)
        let prepared = try await rail.provider.prepare(first, under: permit(rail, for: [first], besides: []))
        let second = try order(2, most, rail)
        let next = try await permit(rail, for: [second], besides: [TransferUnderWay(order: first, prepared: prepared)])
        await #expect(throws: ProviderError(.unavailable, "")) {
            try await rail.provider.prepare(second, under: next)
        }
    }

    @Test("a number that nobody waits for is filled first")
    func gap() async throws {
        let rail = try EVMRail()
        rail.fund()
        var underWay: [TransferUnderWay] = []
        for number in 0..<3 {
            let order = try order(number, 1_000, rail)
            let prepared = try await rail.provider.prepare(order, under: permit(rail, for: [order], besides: underWay))
            underWay.append(TransferUnderWay(order: order, prepared: prepared))
        }
        underWay.remove(at: 1)
        #expect(try await permit(rail, besides: underWay).number == 1)
    }

    @Test("only the lowest number is signed again with a higher fee")
    func lowestFirst() async throws {
        let rail = try EVMRail()
        rail.fund()
        var underWay: [TransferUnderWay] = []
        for number in 0..<2 {
            let order = try order(number, 1_000, rail)
            let prepared = try await rail.provider.prepare(order, under: permit(rail, for: [order], besides: underWay))
            underWay.append(TransferUnderWay(order: order, prepared: prepared))
        }
        rail.clock.advance(by: .seconds(91))
        rail.chain.mine(1)
        let allowed = try await permit(rail, besides: underWay)
        let (lowest, next) = (underWay[0], underWay[1])
        #expect(try await rail.provider.renewed(lowest.prepared, for: lowest.order, under: allowed) != nil)
        #expect(try await rail.provider.renewed(next.prepared, for: next.order, under: allowed) == nil)
    }

    private func look(_ rail: EVMRail, _ underWay: [TransferUnderWay]) async throws -> LaneView {
        try #require(try await rail.provider.look(forUnseen: underWay.map(\.prepared)))
    }

    @Test("one look tells which were taken by a block, which are final, and which the nodes keep or have dropped")
    func look() async throws {
        let rail = try EVMRail()
        rail.fund()
        var underWay: [TransferUnderWay] = []
        for number in 0..<6 {
            let order = try order(number, 1_000, rail)
            let prepared = try await rail.provider.prepare(order, under: permit(rail, for: [order], besides: underWay))
            underWay.append(TransferUnderWay(order: order, prepared: prepared))
        }
        for transfer in underWay.prefix(3) { _ = await rail.provider.submit(transfer.prepared) }
        let waiting = LaneView(decidedBelow: 0, takenBelow: 0, keptBelow: 3, shown: [])
        #expect(try await look(rail, underWay) == waiting)
        rail.chain.mine(1)
        let taken = LaneView(decidedBelow: 0, takenBelow: 3, keptBelow: 3, shown: [0, 1, 2])
        #expect(try await look(rail, underWay) == taken)
        for transfer in underWay.suffix(3) { _ = await rail.provider.submit(transfer.prepared) }
        rail.chain.mine(2)
        let final = LaneView(decidedBelow: 3, takenBelow: 6, keptBelow: 6, shown: [0, 1, 2, 3, 4, 5])
        #expect(try await look(rail, underWay) == final)
        rail.chain.reorganise(depth: 2, dropping: true)
        let discarded = try await look(rail, underWay)
        #expect(discarded.takenBelow == 3 && discarded.keptBelow == 3 && discarded.shown == [0, 1, 2])
    }

    @Test("a look costs each node no more requests for forty than for one, and one while there is no new block")
    func cost() async throws {
        var counts: [[String: Int]] = []
        for count in [1, 40] {
            let rail = try EVMRail()
            rail.fund()
            var underWay: [TransferUnderWay] = []
            for number in 0..<count {
                let order = try order(number, 1_000, rail)
                let allowed = try await permit(rail, for: [order], besides: underWay)
                let prepared = try await rail.provider.prepare(order, under: allowed)
                underWay.append(TransferUnderWay(order: order, prepared: prepared))
                _ = await rail.provider.submit(prepared)
            }
            rail.chain.mine(1)
            _ = rail.transport.requestCounts()
            #expect(try await look(rail, underWay).shown.count == count)
            counts.append(rail.transport.requestCounts())
            _ = try await look(rail, [])
            #expect(rail.transport.requestCounts().values.allSatisfy { $0 == 1 })
        }
        #expect(counts[0] == counts[1])
    }
}
