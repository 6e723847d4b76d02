import Payments
import Seams
import Storage
import Testing

@testable import Webhooks

@Suite("Requests at the same time")
struct DeliveryTurnsTests {
    private func endpoint(_ number: Int, of merchant: Int, isFailing: Bool = false) -> DueEndpoint {
        DueEndpoint(
            endpoint: WebhookEndpointID(value: UInt128(number)),
            merchant: MerchantID(value: UInt128(merchant)),
            isFailing: isFailing
        )
    }

    /// Has an endpoint answer quickly until its window is as wide as its share allows.
    private func prove(_ endpoint: DueEndpoint, in turns: inout DeliveryTurns) {
        var open: [DeliveryTurns.Ticket] = []
        for _ in 0..<300 {
            open += turns.begin(among: [(endpoint, 1_000)])
            guard !open.isEmpty else { return }
            turns.end(open.removeFirst(), .quick)
        }
        for ticket in open { turns.end(ticket, nil) }
    }

    /// How many requests a good endpoint gets beside others.
    private func requests(beside others: [DueEndpoint]) -> Int {
        var turns = DeliveryTurns(limit: 512)
        let good = endpoint(100_000, of: 9_999)
        prove(good, in: &turns)
        _ = turns.begin(among: others.map { ($0, 1_000) })
        return turns.begin(among: [(good, 1_000)]).count
    }

    @Test(
        "are limited for each merchant, so that 500 hanging endpoints of one change nothing for others",
        arguments: [1, 2, 3, 10, 31],
        [false, true]
    )
    func hostile(merchants: Int, areKnown: Bool) {
        let hanging = (0..<merchants * 500).map { endpoint($0, of: $0 / 500, isFailing: areKnown) }
        #expect(requests(beside: hanging) == requests(beside: []))
        #expect(requests(beside: []) == DeliveryWindow.most)
        var turns = DeliveryTurns(limit: 512)
        let begun = turns.begin(among: hanging.map { ($0, 1_000) })
        let most = areKnown ? DeliveryTurns.failingPerMerchant : DeliveryTurns.unprovenPerMerchant
        #expect(begun.count <= merchants * most && begun.count >= min(merchants * most, 120))
        #expect(Set(begun.map(\.endpoint)).count == begun.count, "an endpoint was sent more before it answered")
        // An endpoint that was not heard of yet begins at once, also beside those that hang.
        #expect(turns.begin(among: [(endpoint(100_001, of: 9_998), 1)]).count == 1)
    }

    @Test(
        "are begun at once for an endpoint that was sent nothing yet, however many merchants came before with 20 that hang"
    )
    func newcomer() {
        var turns = DeliveryTurns(limit: 512)
        for merchant in 0..<200 {
            let hanging = (0..<20).map { endpoint(merchant * 20 + $0, of: merchant) }
            #expect(!turns.begin(among: hanging.map { ($0, 1_000) }).isEmpty, "merchant \(merchant) waits")
        }
        // Those that work go on as well.
        let good = endpoint(100_000, of: 9_999)
        prove(good, in: &turns)
        #expect(turns.begin(among: [(good, 1_000)]).count >= 100)
    }

    @Test("leave room for the next merchant, whoever is busy")
    func room() {
        var turns = DeliveryTurns(limit: 512)
        var counts: [Int] = []
        for merchant in 0..<6 {
            let good = endpoint(merchant, of: merchant)
            prove(good, in: &turns)
            counts.append(turns.begin(among: [(good, 1_000)]).count)
        }
        #expect(counts == [128, 128, 64, 32, 16, 8])
    }

    @Test("of a merchant who wants one at a time are one, whatever the endpoint could take")
    func ordered() {
        var turns = DeliveryTurns(limit: 512)
        let good = endpoint(1, of: 1)
        prove(good, in: &turns)
        turns.note(good.endpoint, isOrdered: true)
        #expect(turns.begin(among: [(good, 1_000)]).count == 1)
    }

    @Test("keep to every limit, begin where the fewest are open, and wait only for a limit", arguments: 0..<60)
    func laws(seed: UInt64) {
        let random = SeededRandom(seed: seed)
        func below(_ limit: UInt64) -> Int { Int(random.next() % limit) }
        let limit = below(300) + 2
        var turns = DeliveryTurns(limit: limit)
        let due = (0..<below(100) + 1).map { endpoint($0, of: below(30), isFailing: below(3) == 0) }
        let merchants = Dictionary(due.map { ($0.endpoint, $0.merchant) }) { first, _ in first }
        for each in due where below(5) == 0 { turns.note(each.endpoint, isOrdered: true) }
        var open: [DeliveryTurns.Ticket] = []
        for _ in 0..<30 {
            let waiting = due.filter { _ in below(2) == 0 }.map { (endpoint: $0, count: below(50) + 1) }
            let sizes = Dictionary(due.map { ($0.endpoint, turns.size(of: $0.endpoint)) }) { first, _ in first }
            let begun = turns.begin(among: waiting)
            open += begun
            for (id, tickets) in Dictionary(grouping: begun, by: \.endpoint) {
                #expect(tickets.count <= waiting.first { $0.endpoint.endpoint == id }?.count ?? 0, "seed \(seed)")
                #expect(open.count { $0.endpoint == id } <= sizes[id] ?? 1, "seed \(seed): more than its window")
            }
            check(turns, open, merchants, limit, seed)
            let isProvenFull = open.count { $0.standing == .proven } >= limit - max(1, limit / 4)
            for (endpoint, count) in waiting where turns.standing(of: endpoint.endpoint) == .proven && !isProvenFull {
                let own = open.filter { merchants[$0.endpoint] == endpoint.merchant && $0.standing == .proven }
                let mayHaveMore =
                    turns.hasRoom(for: endpoint.endpoint) && begun.count { $0.endpoint == endpoint.endpoint } < count
                guard open.count < limit else { continue }
                let free = limit - max(1, limit / 4) - open.count { $0.standing == .proven }
                #expect(!mayHaveMore || own.count >= free, "seed \(seed): it waits for nothing")
            }
            for ticket in open where below(2) == 0 {
                turns.end(ticket, below(10) == 0 ? DeliveryWindow.Answer.allCases[below(4)] : .quick)
                if let index = open.firstIndex(of: ticket) { open.remove(at: index) }
            }
        }
        for ticket in open { turns.end(ticket, nil) }
        #expect(turns.begin(among: [(endpoint(100_000, of: 9_999), 5)]).count == 1, "seed \(seed): something was kept")
    }

    private func check(
        _ turns: DeliveryTurns,
        _ open: [DeliveryTurns.Ticket],
        _ merchants: [WebhookEndpointID: MerchantID],
        _ limit: Int,
        _ seed: UInt64
    ) {
        let unproven = open.filter { $0.standing != .proven }
        // Beyond the share there is at most the first request of each merchant.
        let first = Set(unproven.map { merchants[$0.endpoint] }).count
        #expect(open.count <= limit && unproven.count <= max(1, limit / 4) + first, "seed \(seed)")
        for own in Dictionary(grouping: unproven, by: { merchants[$0.endpoint] }).values {
            #expect(own.count <= DeliveryTurns.unprovenPerMerchant, "seed \(seed)")
            #expect(own.count { $0.standing == .failing } <= DeliveryTurns.failingPerMerchant, "seed \(seed)")
        }
    }
}
