import FixtureTON
import HTTPMessages
import Money
import Payments
import ProviderTON
import Providers
import Seams
import SigningDesk
import TON
import Testing

@Suite("Payouts with long comments")
struct LongCommentTests {
    /// The wallets that pay out.
    static let wallets: [(version: WalletVersion, timeout: UInt32?)] = [
        (.v3r2, nil), (.v4r2, nil), (.v5r1, nil), (.v5r1, 600),
    ]

    private static func comment(_ length: Int, _ random: SeededRandom) -> String {
        String(decoding: random.bytes(length).map { 97 + $0 % 26 }, as: UTF8.self)
    }

    @Test("leave in full requests that the network takes, each once and in order, and all arrive", arguments: wallets)
    func everybodyIsPaid(version: WalletVersion, timeout: UInt32?) async throws {
        let rail = try Rail(walletVersion: version, highloadTimeout: timeout)
        try rail.chain.pay(90_000_000_000, to: rail.provider.walletAddress, comment: "top-up", by: "operator")
        try rail.chain.mint(1_000_000, of: rail.master, layout: .standard, to: rail.provider.walletAddress)
        try rail.chain.settle()
        let receiver = try rail.chain.customer("receiver")
        let random = SeededRandom(seed: 6)
        let isLarge = rail.provider.maximumBatch > 4
        let all = (0..<(isLarge ? 160 : 9)).map { number in
            TransferOrder(
                id: "po_\(number)",
                amount: Amount(asset: number % 4 == 3 ? rail.jetton : rail.coin, units: Int256(1_000 + number)),
                destination: receiver.address.raw,
                comment: Self.comment(isLarge ? 500 : 16_000, random)
            )
        }
        var (rest, last, requests) = (all, Int64?.none, [Int]())
        while !rest.isEmpty {
            let batch = try await rail.prepare(Array(rest.prefix(rail.provider.maximumBatch)), after: last)
            #expect(batch.refused.isEmpty)
            let taken = rest.prefix(batch.prepared.count)
            #expect(
                taken.map { batch.prepared[$0.id]?.position } == Array(0..<taken.count),
                "in order from the first on"
            )
            let first = try #require(batch.prepared[rest[0].id])
            #expect(first.bytes.count <= 65_535)
            #expect(await rail.provider.submit(first) == .accepted)
            try rail.chain.settle()
            rail.clock.advance(by: .seconds(1))
            for order in taken {
                let prepared = try #require(batch.prepared[order.id])
                guard case .confirmed = try await rail.provider.fate(of: prepared, for: order) else {
                    Issue.record("\(order.id) has arrived")
                    return
                }
            }
            requests.append(taken.count)
            last = first.sequence
            rest.removeFirst(taken.count)
        }
        // Four of 16,000 bytes are 66,000 bytes; 160 of 500 bytes need two requests.
        #expect(requests == [3, 3, 3] || isLarge && requests.count == 2, "\(requests)")
    }

    @Test("cost more, by the network's prices for each message that carries the comment", arguments: wallets)
    func fee(version: WalletVersion, timeout: UInt32?) throws {
        let rail = try Rail(walletVersion: version, highloadTimeout: timeout)
        let receiver = try rail.chain.customer("receiver").address
        for (asset, carriers) in [(rail.coin, 2), (rail.jetton, 4)] {
            let carriers = carriers + (timeout == nil ? 0 : 1)
            func fee(_ length: Int?, to workchain: Int = 0) throws -> Int64 {
                let order = TransferOrder(
                    id: "po",
                    amount: Amount(asset: asset, units: 1),
                    destination: try TONAddress(workchain: workchain, hash: receiver.hash).raw,
                    comment: length.map { String(repeating: "x", count: $0) }
                )
                let fee = try #require(rail.provider.expectedFee(of: order))
                #expect(fee == rail.provider.expectedFee(of: order, among: 1))
                return try #require(Int64(fee.units.description))
            }
            let fees = try [nil, 0, 1, 100, 250, 500].map { try fee($0) }
            #expect(zip(fees, fees.dropFirst()).allSatisfy { $0 < $1 }, "\(fees)")
            // 504 bytes with the op lie in four cells; 400 nanotons a bit and 40,000 a cell (parameter 25).
            #expect(fees[5] - fees[0] == Int64(carriers * (504 * 8 * 400 + 4 * 40_000)))
            // The coins that jettons carry pay for it: a standard jetton wallet wants 0.04 TON and twice the fee for
            // forwarding the transfer, of which the message states two thirds.
            let forwarding = 400_000 + (504 * 8 + 1_023) * 400 + 6 * 40_000
            #expect(40_000_000 + 3 * forwarding < 50_000_000)
            guard asset == rail.coin else { continue }
            #expect(try fee(nil, to: -1) - fees[0] == 9_600_000)
            #expect(try fee(500, to: -1) - fee(nil, to: -1) > fees[5] - fees[0])
        }
    }

    @Test("are unsendable when every node refuses the bytes for good, and accepted when another node takes them")
    func unsendable() async throws {
        for isOtherStrict in [true, false] {
            let clock = ManualClock(Timestamp(seconds: 1_800_000_000))
            let chain = FixtureTON(clock: clock)
            let other = FixtureTON(clock: clock)
            let rail = try Rail(clock: clock, chain: chain, witness: ChainTransport(chain: other))
            _ = try other.jettonMaster("dollar")
            for node in [chain, other] {
                try node.pay(9_000_000_000, to: rail.provider.walletAddress, comment: "top-up", by: "operator")
                try node.settle()
            }
            let order = rail.order(1_000, rail.coin, to: try chain.customer("alice").address)
            let prepared = try await rail.prepare(order)
            var faults = FixtureTON.Faults()
            faults.longestMessage = prepared.bytes.count - 1
            chain.set(faults)
            if isOtherStrict { other.set(faults) }
            let sentence = "its signed request of \(prepared.bytes.count) bytes is larger than the network takes"
            #expect(await rail.provider.submit(prepared) == (isOtherStrict ? .unsendable(reason: sentence) : .accepted))
            // A node that refuses for another reason says nothing about the bytes.
            faults.longestMessage += 1
            faults.failures = 1
            chain.set(faults)
            guard case .unknown = await rail.provider.submit(prepared) else {
                Issue.record("a node that fails leaves the outcome unknown")
                return
            }
            chain.set(.init())
            #expect(await rail.provider.submit(prepared) == .accepted)
        }
    }
}
