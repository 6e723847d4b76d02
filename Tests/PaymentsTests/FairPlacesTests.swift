import Payments
import Seams
import Testing

@Suite("Places that are shared among merchants")
struct FairPlacesTests {
    private typealias Place = FairPlaces.Place<Int>

    @Test("are taken from the merchant with the most; a merchant within its fair share loses none to others")
    func laws() {
        let seed = UInt64.random(in: .min ... .max)
        let random = SeededRandom(seed: seed)
        func draw(_ count: Int) -> Int { Int(random.bytes(2)[0]) % count }
        for _ in 0..<20 {
            let limit = 4 + draw(40)
            let merchants = (1...(1 + draw(6))).map { MerchantID(value: UInt128($0)) }
            var held: [Place] = []
            for number in 0..<400 {
                // The first merchant's customers are a crowd.
                let newcomer = draw(3) > 0 ? merchants[0] : merchants[draw(merchants.count)]
                if held.count >= limit {
                    let counts = held.reduce(into: [:]) { $0[$1.merchant, default: 0] += 1 }
                    guard let gone = FairPlaces.displaced(by: newcomer, among: held) else {
                        #expect(counts[newcomer] == nil && counts.values.allSatisfy { $0 == 1 }, "seed \(seed)")
                        continue
                    }
                    let index = held.firstIndex { $0.id == gone }
                    guard let index else {
                        Issue.record("seed \(seed): nobody holds \(gone)")
                        return
                    }
                    let loser = held.remove(at: index)
                    let share = limit / merchants.count
                    #expect(
                        loser.merchant == newcomer || counts[loser.merchant, default: 0] > max(1, share),
                        "seed \(seed)"
                    )
                    let older = held[..<index].filter { $0.merchant == loser.merchant }
                    #expect(older.allSatisfy { !$0.isWaiting || !loser.isWaiting }, "seed \(seed)")
                    #expect(loser.isWaiting || !held.contains { $0.merchant == loser.merchant && $0.isWaiting })
                }
                held.append(Place(id: number, merchant: newcomer, isWaiting: draw(2) == 0))
                #expect(held.count <= limit)
            }
        }
    }
}
