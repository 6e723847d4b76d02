import HTTPMessages
import Seams

/// The request budgets of the chains' nodes: one for each endpoint and key, because the node counts by these.
struct NodeBudgets: Sendable {
    /// What a node takes for which the configuration says nothing: as much as a key of toncenter allows.
    ///
    /// A node that takes less says so, and gets less.
    private static let usual = RequestLimits(perSecond: 10, burst: 20, inFlight: 16)

    private struct Place: Hashable {
        let url: String
        let key: String?
    }

    private var known: [Place: RequestBudget] = [:]
    /// The budgets, by the names of the providers that use them first.
    private(set) var all: [(name: String, budget: RequestBudget)] = []

    /// The transport to an endpoint of a wallet, within its budget.
    mutating func transport(
        to url: String,
        named name: String,
        key: String?,
        _ wallet: GatewayConfiguration.TON,
        _ surroundings: Gateway.Surroundings
    ) throws(ConfigurationError) -> BudgetedTransport {
        let place = Place(url: url, key: key)
        if let budget = known[place] { return BudgetedTransport(surroundings.transport, within: budget) }
        var limits = Self.usual
        if let stated = wallet.requests {
            guard (1...100_000).contains(stated.perSecond), (1...100_000).contains(stated.burst ?? 1),
                (1...1_000).contains(stated.inFlight ?? 1)
            else { throw ConfigurationError("ton.\(wallet.key).requests: each number is at least 1") }
            limits = RequestLimits(
                perSecond: stated.perSecond,
                burst: stated.burst ?? 2 * stated.perSecond,
                inFlight: stated.inFlight ?? limits.inFlight
            )
        }
        let budget = RequestBudget(limits, clock: surroundings.clock)
        known[place] = budget
        all.append((name, budget))
        return BudgetedTransport(surroundings.transport, within: budget)
    }
}
