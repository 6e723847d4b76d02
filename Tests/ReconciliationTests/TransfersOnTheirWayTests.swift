import BigInt
import Seams
import Testing

@testable import Reconciliation

@Suite("Transfers on their way")
struct TransfersOnTheirWayTests {
    private func transfers(_ shares: [(Int, Int)]) -> TransfersOnTheirWay {
        TransfersOnTheirWay(shares: shares.map { .init(amount: BigInt($0.0), charge: BigInt($0.1)) })
    }

    @Test(
        "explain a difference that some of them add up to, and no other",
        arguments: [
            // A transfer of one unit does not explain a loss of fifty.
            (shares: [(1, 0)], missing: 50, isExplained: false), ([(1, 0)], 1, true), ([(1, 0)], 0, true),
            ([(1, 0)], -1, false), ([], 0, true), ([], 1, false), ([(90, 0), (1, 0)], 50, false),
            ([(90, 0), (1, 0)], 91, true), ([(90, 0), (1, 0)], 90, true), ([(100, 7)], 107, true),
            ([(100, 7)], 108, false),
            ([(100, 7)], 99, false), ([(0, 5)], 3, true), ([(0, 5)], 6, false), ([(0, 5), (10, 5)], 9, false),
            ([(0, 5), (10, 5)], 20, true),
        ]
    )
    func table(shares: [(Int, Int)], missing: Int, isExplained: Bool) {
        #expect(transfers(shares).explain(missing: BigInt(missing)) == isExplained)
    }

    @Test("explain any subset that has left, with any fee, and no loss beyond it", arguments: 0..<300)
    func law(seed: UInt64) {
        let random = SeededRandom(seed: seed)
        func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
        let shares = (0..<below(9)).map { _ in (below(1_000), below(20)) }
        let left = shares.filter { _ in below(2) == 0 }
        let missing = left.reduce(0) { $0 + $1.0 + below($1.1 + 1) }
        let onTheirWay = transfers(shares)
        #expect(onTheirWay.explain(missing: BigInt(missing)), "seed \(seed): \(shares), \(left)")
        let all = shares.reduce(0) { $0 + $1.0 + $1.1 }
        #expect(!onTheirWay.explain(missing: BigInt(all + 1 + below(50))), "seed \(seed)")
    }

    @Test("are combined up to a limit, and explain no more than their sum")
    func many() {
        let shares = (0..<40).map { (1 << $0, 0) }
        #expect(transfers(shares).explain(missing: BigInt((1 << 40) - 1)))
        #expect(!transfers(shares).explain(missing: BigInt(1 << 40)))
    }
}
