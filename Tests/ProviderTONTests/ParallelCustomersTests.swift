import FixtureTON
import Money
import Seams
import TON
import Testing

@Suite("Customers of the sandbox's TON who pay at the same moment")
struct ParallelCustomersTests {
    @Test("pay each what was taken, one wallet or many, while blocks are made", arguments: [1, 3, 40])
    func payments(customers: Int) async throws {
        let clock = ManualClock(Timestamp(seconds: 1_795_000_000))
        let chain = FixtureTON(clock: clock)
        let shop = try chain.customer("shop").address
        let before = chain.balance(of: shop)
        let count = 40
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                group.addTask {
                    let customer = "customer \(number % customers)"
                    try chain.pay(1_000_000_000, to: shop, comment: "\(number)", by: customer)
                }
                group.addTask { try chain.mine() }
            }
            try await group.waitForAll()
        }
        try chain.settle()
        #expect(chain.history(of: shop).count == count)
        #expect(chain.balance(of: shop) > before + UInt128(count) * 999_000_000)
        #expect(chain.imbalance == 0)
    }
}
