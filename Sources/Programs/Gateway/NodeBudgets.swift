import HTTPMessages
import Seams

/// The request budgets of the chains' nodes: one for each endpoint and key, because the node counts by these.
struct NodeBudgets: Sendable {
    /// A node, and what the configuration says of it.
    struct Node {
        let url: String
        /// The name in metrics.
        let name: String
        /// The keystore entry of the key that the node counts by; nil when there is none beside the URL.
        var key: String?
        /// The section of the configuration, for example `ton.ton-mainnet`.
        let section: String
        let requests: GatewayConfiguration.Requests?
        /// What it takes when the configuration says nothing.
        let usual: RequestLimits
    }

    /// What a node of TON takes for which the configuration says nothing: as much as a key of toncenter allows.
    ///
    /// A node that takes less says so, and gets less.
    static let usualOfTON = RequestLimits(perSecond: 10, burst: 20, inFlight: 16)
    /// What a node of an EVM chain takes for which the configuration says nothing.
    ///
    /// A payout asks each node about seven times, so that this is a dozen payouts a second. A node that takes less says so,
    /// and gets less.
    static let usualOfEVM = RequestLimits(perSecond: 100, burst: 200, inFlight: 16)

    private struct Place: Hashable {
        let url: String
        let key: String?
    }

    private var known: [Place: RequestBudget] = [:]
    /// The budgets, by the names of the providers that use them first.
    private(set) var all: [(name: String, budget: RequestBudget)] = []

    /// The transport to a node, within its budget.
    mutating func transport(
        to node: Node,
        _ surroundings: Gateway.Surroundings
    ) throws(ConfigurationError) -> BudgetedTransport {
        let place = Place(url: node.url, key: node.key)
        if let budget = known[place] { return BudgetedTransport(surroundings.transport, within: budget) }
        var limits = node.usual
        if let stated = node.requests {
            guard (1...100_000).contains(stated.perSecond), (1...100_000).contains(stated.burst ?? 1),
                (1...1_000).contains(stated.inFlight ?? 1)
            else { throw ConfigurationError("\(node.section).requests: each number is at least 1") }
            limits = RequestLimits(
                perSecond: stated.perSecond,
                burst: stated.burst ?? 2 * stated.perSecond,
                inFlight: stated.inFlight ?? limits.inFlight
            )
        }
        let budget = RequestBudget(limits, clock: surroundings.clock)
        known[place] = budget
        all.append((node.name, budget))
        return BudgetedTransport(surroundings.transport, within: budget)
    }
}
