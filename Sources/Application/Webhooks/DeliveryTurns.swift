import Payments
import Storage

/// Chooses the endpoints that get events at once, so that no merchant's servers keep another's events waiting.
///
/// Within three limits, a merchant with fewer endpoints under way comes first. Endpoints that fail have a share of
/// their own, because an endpoint that hangs keeps its connection until the timeout.
struct DeliveryTurns {
    /// The most endpoints of one merchant.
    static let perMerchant = 8
    /// The most failing endpoints of one merchant.
    static let failingPerMerchant = 4

    /// The most endpoints in all.
    let limit: Int
    private var busy: [WebhookEndpointID: DueEndpoint] = [:]

    init(limit: Int) { self.limit = max(2, limit) }

    /// The most failing endpoints in all: half of the connections stay for those that answer.
    private var failingLimit: Int { limit / 2 }

    /// Chooses which of the endpoints that have something due begin now, and counts them as under way.
    mutating func begin(among due: [DueEndpoint]) -> [DueEndpoint] {
        var begun: [DueEndpoint] = []
        var waiting = due.filter { busy[$0.endpoint] == nil }
        while let next = waiting.indices.filter({ mayBegin(waiting[$0]) }).min(by: { first, second in
            rank(waiting[first]) < rank(waiting[second])
        }) {
            let endpoint = waiting.remove(at: next)
            busy[endpoint.endpoint] = endpoint
            begun.append(endpoint)
        }
        return begun
    }

    /// Counts an endpoint as finished.
    mutating func end(_ endpoint: WebhookEndpointID) { busy[endpoint] = nil }

    private func mayBegin(_ endpoint: DueEndpoint) -> Bool {
        let own = busy.values.filter { $0.merchant == endpoint.merchant }
        guard busy.count < limit, own.count < Self.perMerchant else { return false }
        guard endpoint.isFailing else { return true }
        return own.count(where: \.isFailing) < Self.failingPerMerchant
            && busy.values.count(where: \.isFailing) < failingLimit
    }

    private func rank(_ endpoint: DueEndpoint) -> (Int, Int) {
        (endpoint.isFailing ? 1 : 0, busy.values.count { $0.merchant == endpoint.merchant })
    }
}
