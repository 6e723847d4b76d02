import Payments

/// The payments that a stream has told of, by their traces, so that the end of a trace takes them away.
///
/// It is bounded: the oldest traces are forgotten, and what was seen of them is taken away by the scan.
struct SightedTraces {
    /// How many traces are remembered, and of how many payments each.
    static let most = (traces: 1_000, payments: 100)

    private var keys: [String: Set<NaturalKey>] = [:]
    private var order: [String] = []

    /// Remembers the payments of a trace.
    mutating func note(_ seen: [NaturalKey], of trace: String) {
        if keys[trace] == nil {
            if order.count >= Self.most.traces { keys[order.removeFirst()] = nil }
            order.append(trace)
        }
        let known = keys[trace] ?? []
        keys[trace] = known.count < Self.most.payments ? known.union(seen) : known
    }

    /// The payments of a trace that is no longer the chain's; it is forgotten.
    mutating func end(_ trace: String) -> Set<NaturalKey> {
        guard let gone = keys.removeValue(forKey: trace) else { return [] }
        order.removeAll { $0 == trace }
        return gone
    }
}
