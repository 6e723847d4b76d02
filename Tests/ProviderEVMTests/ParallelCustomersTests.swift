import BigInt
import EVM
import FixtureEVM
import Seams
import Testing

@Suite("Customers of the sandbox's EVM chain who pay at the same moment")
struct ParallelCustomersTests {
    @Test("pay each what was taken, one account or many, while blocks are made", arguments: [1, 3, 40])
    func payments(customers: Int) async throws {
        let chain = FixtureEVM(clock: ManualClock(Timestamp(seconds: 1_795_000_000)), chainID: 31_337)
        let shop = try EVMAddress(bytes: [UInt8](repeating: 7, count: 20))
        let before = chain.balance(of: shop)
        let count = 40
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                group.addTask { try chain.send(1_000, to: shop, by: "customer \(number % customers)") }
                group.addTask { chain.mine() }
            }
            try await group.waitForAll()
        }
        for _ in 0..<count { chain.mine() }
        #expect(chain.balance(of: shop) == before + BigUInt(1_000 * count))
    }
}
