import FixtureTON
import Money
import Payments
import ProviderTON
import Providers
import Seams
import SigningDesk
import TON
import Testing

@Suite("Payouts of a highload wallet")
struct TONBatchTests {
    private static let timeout: UInt32 = 600

    private func funded(_ nanotons: UInt128 = 3_000_000_000) async throws -> (Rail, FixtureTON.Customer) {
        let rail = try Rail(highloadTimeout: Self.timeout)
        try rail.chain.pay(nanotons, to: rail.provider.walletAddress, comment: "top-up", by: "operator")
        try rail.chain.settle()
        return (rail, try rail.chain.customer("alice"))
    }

    private func orders(_ count: Int, _ units: Int64, _ asset: AssetID, to address: TONAddress) -> [TransferOrder] {
        (0..<count).map { number in
            TransferOrder(
                id: "po_\(asset.text.suffix(4))_\(number)",
                amount: Amount(asset: asset, units: Int256(units)),
                destination: address.raw,
                comment: nil
            )
        }
    }

    /// Runs the chain until it is idle, and lets a second pass, after which the provider asks again.
    private func settle(_ rail: Rail) throws {
        try rail.chain.settle()
        rail.clock.advance(by: .seconds(1))
    }

    private func sum(_ amounts: [Amount], _ asset: AssetID) throws -> Int256 {
        try Amount.sum(amounts, asset: asset).units
    }

    @Test("share the request's fee: the more there are, the less each costs, and one alone costs the usual fee")
    func sharedFee() throws {
        let rail = try Rail(highloadTimeout: Self.timeout)
        let alice = try rail.chain.customer("alice")
        for asset in [rail.coin, rail.jetton] {
            let order = orders(1, 20, asset, to: alice.address)[0]
            let fees = try (1...rail.provider.maximumBatch).map { count in
                try #require(rail.provider.expectedFee(of: order, among: count)).units
            }
            #expect(fees.first == rail.provider.expectedFee(of: order)?.units)
            #expect(zip(fees, fees.dropFirst()).allSatisfy { $0 >= $1 })
            #expect((fees.last ?? 0) < (fees.first ?? 0))
        }
    }

    @Test(
        "leave in one request and arrive to the unit; the wallet loses their amounts and fees only",
        arguments: [1, 2, 40]
    )
    func batch(count: Int) async throws {
        let (rail, alice) = try await funded()
        try rail.chain.mint(100, of: rail.master, layout: .standard, to: rail.provider.walletAddress)
        try settle(rail)
        // Many equal payouts to one receiver, and some in another asset.
        let coins = orders(count, 10_000_000, rail.coin, to: alice.address)
        let dollars = orders(count == 1 ? 0 : 3, 20, rail.jetton, to: alice.address)
        let all = coins + dollars
        let batch = try await rail.prepare(all, after: nil)
        #expect(batch.refused.isEmpty && batch.prepared.count == all.count)
        #expect(Set(batch.prepared.values.map(\.hash)).count == 1)
        #expect(Set(batch.prepared.values.map(\.position)) == Set(0..<all.count))
        let first = try #require(batch.prepared[all[0].id])
        for order in all {
            let prepared = try #require(batch.prepared[order.id])
            #expect(try await rail.provider.fate(of: prepared, for: order) == .pending)
        }
        #expect(await rail.provider.submit(first) == .accepted)
        try settle(rail)
        var paid: [Amount] = []
        for order in all {
            let prepared = try #require(batch.prepared[order.id])
            guard case .confirmed(_, let fee?, _) = try await rail.provider.fate(of: prepared, for: order) else {
                Issue.record("\(order.id) has arrived")
                continue
            }
            paid += [order.amount, fee]
            // Jettons carry coins, whose unused part comes back.
            guard order.amount.asset == rail.coin else { continue }
            let expected = try #require(rail.provider.expectedFee(of: order, among: all.count))
            #expect(fee.units <= expected.units, "\(order.id) costs more than was expected")
        }
        // The scan's spends equal the amounts and fees of the transfers.
        let observations = try await rail.scan(rail.coin).observations
        let sent = observations.compactMap { observation -> SentTransfer? in
            if case .sent(let sent) = observation { return sent }
            return nil
        }
        #expect(Set(sent.map(\.hash)) == [first.hash])
        let coinsLost = try sum(sent.map { try $0.movement.amount.negated() }, rail.coin)
        #expect(try coinsLost == sum(paid.filter { $0.asset == rail.coin }, rail.coin))
        let total = try sum(observations.compactMap(\.coins).map { Amount(asset: rail.coin, units: $0) }, rail.coin)
        #expect(total == Int256(rail.chain.balance(of: rail.provider.walletAddress)))
        #expect(rail.chain.imbalance == 0)
    }

    @Test("are refused when they can never be sent, and wait when the balance is too small")
    func selection() async throws {
        let (rail, alice) = try await funded(100_000_000)
        var wishes = orders(3, 30_000_000, rail.coin, to: alice.address)
        wishes.insert(
            TransferOrder(id: "wrong", amount: wishes[0].amount, destination: "nowhere", comment: nil),
            at: 0
        )
        wishes += orders(1, 5, rail.jetton, to: alice.address)
        let batch = try await rail.prepare(wishes, after: nil)
        #expect(Set(batch.refused.keys) == ["wrong"])
        #expect(Set(batch.prepared.keys) == [wishes[1].id, wishes[2].id])
        await #expect(throws: ProviderError(.unavailable, "")) {
            try await rail.prepare(orders(1, 90_000_000, rail.coin, to: alice.address), after: nil)
        }
    }

    @Test("are dead when the wallet skips them, and the others are paid")
    func skipped() async throws {
        let (rail, alice) = try await funded(1_000_000_000)
        let wishes = orders(3, 300_000_000, rail.coin, to: alice.address)
        let batch = try await rail.prepare(wishes, after: nil)
        // Between signing and sending the wallet has lost a part of the amount.
        rail.chain.chargeStorage(200_000_000, at: rail.provider.walletAddress)
        _ = await rail.provider.submit(try #require(batch.prepared[wishes[0].id]))
        try settle(rail)
        var states: [String] = []
        for order in wishes {
            switch try await rail.provider.fate(of: try #require(batch.prepared[order.id]), for: order) {
            case .confirmed: states.append("confirmed")
            case .dead: states.append("dead")
            case .pending, .displaced, .lost: states.append("pending")
            }
        }
        #expect(states == ["confirmed", "confirmed", "dead"])
    }

    @Test(
        "have query numbers that are never used again, in the same moment or after the clock was set back",
        arguments: [nil, 4_000_000_000_000]
    )
    func numbers(last: Int64?) async throws {
        let (rail, alice) = try await funded()
        var used = last
        var seen: Set<Int64> = last.map { [$0] } ?? []
        for number in 0..<5 {
            let order = orders(1, 1_000, rail.coin, to: alice.address)[0]
            let batch = try await rail.prepare([order], after: used)
            let sequence = try #require(batch.prepared[order.id]?.sequence)
            #expect(seen.insert(sequence).inserted)
            #expect(sequence > (used ?? 0))
            used = sequence
            if number == 2 { rail.clock.advance(by: .seconds(-30)) }
        }
    }

    @Test("may be under way at once and arrive in any order, and none is dead before its end")
    func concurrent() async throws {
        let (rail, alice) = try await funded()
        let wishes = orders(3, 1_000_000, rail.coin, to: alice.address)
        var prepared: [PreparedTransfer] = []
        for order in wishes {
            let batch = try await rail.prepare([order], after: prepared.last?.sequence)
            prepared.append(try #require(batch.prepared[order.id]))
        }
        // The first one is lost; the last one arrives first.
        for request in [prepared[2], prepared[1]] {
            #expect(await rail.provider.submit(request) == .accepted)
            try settle(rail)
        }
        for (request, order) in zip(prepared, wishes).dropFirst() {
            guard case .confirmed = try await rail.provider.fate(of: request, for: order) else {
                Issue.record("\(order.id) has arrived")
                return
            }
        }
        #expect(try await rail.provider.fate(of: prepared[0], for: wishes[0]) == .pending)
        rail.clock.advance(by: .seconds(Int64(Self.timeout) + 61))
        try rail.chain.mine()
        guard case .dead = try await rail.provider.fate(of: prepared[0], for: wishes[0]) else {
            Issue.record("it has ended and is not dead")
            return
        }
    }

    @Test("take effect once, whenever the same request is sent again", arguments: [-1, 0, 1, 600, 601])
    func replay(secondsAfterEnd: Int64) async throws {
        let (rail, alice) = try await funded()
        let order = orders(1, 7_000_000, rail.coin, to: alice.address)[0]
        let prepared = try #require(try await rail.prepare([order], after: nil).prepared[order.id])
        _ = await rail.provider.submit(prepared)
        try settle(rail)
        rail.clock.advance(by: .seconds(Int64(Self.timeout) - 1 + secondsAfterEnd))
        // Right before that, another request makes the wallet drop old numbers.
        let other = orders(1, 1, rail.coin, to: alice.address)[0]
        try rail.chain.mine()
        let later = try await rail.prepare([other], after: prepared.sequence)
        _ = await rail.provider.submit(try #require(later.prepared[other.id]))
        try settle(rail)
        for _ in 0..<3 {
            _ = await rail.provider.submit(prepared)
            try settle(rail)
        }
        let arrived = rail.chain.history(of: alice.address).filter { transaction in
            if case .internal(let message) = transaction.inMessage { return message.value == 7_000_000 }
            return false
        }
        #expect(arrived.count == 1)
    }
}
