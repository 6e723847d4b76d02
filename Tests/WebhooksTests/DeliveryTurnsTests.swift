import Payments
import Seams
import Storage
import Testing

@testable import Webhooks

@Suite("Deliveries at the same time")
struct DeliveryTurnsTests {
    private func endpoint(_ number: Int, of merchant: Int, isFailing: Bool = false) -> DueEndpoint {
        DueEndpoint(
            endpoint: WebhookEndpointID(value: UInt128(number)),
            merchant: MerchantID(value: UInt128(merchant)),
            isFailing: isFailing
        )
    }

    @Test(
        "are limited for each merchant, so that hanging endpoints hold up no other merchant's events",
        arguments: [1, 2, 3, 10, 31]
    )
    func hostile(merchants: Int) {
        var turns = DeliveryTurns(limit: 256)
        let hanging = (0..<merchants * 20).map { endpoint($0, of: $0 / 20) }
        #expect(turns.begin(among: hanging).count == merchants * DeliveryTurns.perMerchant)
        let good = endpoint(100_000, of: 9_999)
        #expect(turns.begin(among: hanging + [good]) == [good])
        // Endpoints that are known to fail have at most half of the connections.
        for due in hanging { turns.end(due.endpoint) }
        turns.end(good.endpoint)
        let failing = hanging.map { DueEndpoint(endpoint: $0.endpoint, merchant: $0.merchant, isFailing: true) }
        let begun = turns.begin(among: failing)
        #expect(begun.count == min(merchants * DeliveryTurns.failingPerMerchant, 128))
    }

    @Test("begin with endpoints that answer, and with merchants who have the fewest under way", arguments: 0..<200)
    func order(seed: UInt64) {
        let random = SeededRandom(seed: seed)
        func below(_ limit: UInt64) -> Int { Int(random.next() % limit) }
        let limit = below(40) + 2
        var turns = DeliveryTurns(limit: limit)
        let due = (0..<below(300)).map { number in
            endpoint(number, of: below(30), isFailing: below(2) == 0)
        }
        var underWay: [WebhookEndpointID: DueEndpoint] = [:]
        let known = Dictionary(due.map { ($0.endpoint, $0) }) { first, _ in first }
        for _ in 0..<20 {
            for begun in turns.begin(among: due) {
                #expect(begun == known[begun.endpoint], "seed \(seed)")
                #expect(underWay.updateValue(begun, forKey: begun.endpoint) == nil, "seed \(seed): begun twice")
            }
            let failing = underWay.values.filter(\.isFailing)
            let merchants = Dictionary(grouping: underWay.values, by: \.merchant).values
            #expect(underWay.count <= limit && failing.count <= max(1, limit / 2), "seed \(seed)")
            #expect(merchants.allSatisfy { $0.count <= DeliveryTurns.perMerchant }, "seed \(seed)")
            // An endpoint waits only because of a limit.
            for waiting in due where underWay[waiting.endpoint] == nil && !waiting.isFailing {
                let own = underWay.values.count { $0.merchant == waiting.merchant }
                #expect(underWay.count == limit || own == DeliveryTurns.perMerchant, "seed \(seed)")
            }
            for id in Array(underWay.keys) where below(3) == 0 {
                underWay[id] = nil
                turns.end(id)
            }
        }
    }
}
