import Seams
import Testing

@Suite("The shares of the descriptors")
struct DescriptorBudgetTests {
    @Test(
        "fit into the system's limit, however low, once it is enough to start",
        arguments: [64, 500, 512, 1_024, 4_096, 1 << 20],
        [1, 2, 64]
    )
    func shares(limit: Int, cores: Int) throws {
        let budget = DescriptorBudget(limit: limit, cores: cores)
        #expect(budget.incoming >= 1 && budget.outgoingPerTransport >= 1)
        guard limit >= budget.needed else {
            let failure = #expect(throws: DescriptorBudget.TooFew.self) { try budget.demand() }
            #expect(failure?.limit == limit && failure?.needed == budget.needed)
            return
        }
        try budget.demand()
        // Four transports, each connection of which takes four descriptors while a name is looked up.
        #expect(budget.incoming + 16 * budget.outgoingPerTransport <= limit - 128 - 8 * cores)
        #expect(budget.outgoingPerTransport >= 16)
    }

    @Test("of this process follow the system's limit")
    func current() throws {
        #expect(DescriptorBudget.current.limit > 0)
        try DescriptorBudget.current.demand()
    }
}
