package import HTTPMessages
package import Seams
import Synchronization

/// The gateway's metrics, in Prometheus' text format (version 0.0.4).
package final class Metrics: Sendable {
    private struct Key: Hashable {
        let route: String
        let method: String
        let status: Int
    }

    private struct Histogram {
        /// Upper bounds in microseconds.
        static let bounds: [Int64] = [
            1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 10_000_000,
        ]
        var counts = [Int](repeating: 0, count: bounds.count)
        var count = 0
        var sum: Int64 = 0

        mutating func add(_ microseconds: Int64) {
            for (index, bound) in Self.bounds.enumerated() where microseconds <= bound { counts[index] += 1 }
            count += 1
            sum += microseconds
        }
    }

    private struct State {
        var requests: [Key: Int] = [:]
        var latency = Histogram()
        var preCheckout = Histogram()
        var preCheckoutRefusals = 0
    }

    /// The most combinations of route, method and status that are counted separately.
    private static let maximumKeys = 500
    private let state = Mutex(State())

    /// Metrics in which nothing is counted yet.
    package init() {}

    /// Counts an answer.
    func count(route: String, method: String, status: Int, took: Duration) {
        let known = ["GET", "POST", "DELETE"].contains(method) ? method : "other"
        state.withLock { state in
            let key = Key(route: route, method: known, status: status)
            if state.requests[key] != nil || state.requests.count < Self.maximumKeys {
                state.requests[key, default: 0] += 1
            }
            state.latency.add(max(0, took.wholeMicroseconds))
        }
    }

    /// Counts a decision about a pre-checkout query.
    package func countPreCheckout(took: Duration, isRefused: Bool) {
        state.withLock { state in
            state.preCheckout.add(max(0, took.wholeMicroseconds))
            if isRefused { state.preCheckoutRefusals += 1 }
        }
    }

    /// The text that Prometheus reads.
    package func exposition(
        gauges: [(name: String, value: Int)],
        conditions: [Conditions.Condition],
        duties: [(name: String, state: DutyState)] = [],
        nodes: [(name: String, use: RequestBudget.Use)] = []
    ) -> String {
        let state = state.withLock { $0 }
        var lines = ["# HELP settlegate_requests_total Requests answered.", "# TYPE settlegate_requests_total counter"]
        let ordered = state.requests.sorted { left, right in
            (left.key.route, left.key.method, left.key.status) < (right.key.route, right.key.method, right.key.status)
        }
        for (key, count) in ordered {
            let labels = "route=\"\(key.route)\",method=\"\(key.method)\",status=\"\(key.status)\""
            lines.append("settlegate_requests_total{\(labels)} \(count)")
        }
        lines += Self.lines("settlegate_request_seconds", "Time to answer a request.", state.latency)
        lines += Self.lines(
            "settlegate_pre_checkout_seconds",
            "Time to decide a pre-checkout query.",
            state.preCheckout
        )
        lines.append("# HELP settlegate_pre_checkout_refusals_total Pre-checkout queries refused.")
        lines.append("# TYPE settlegate_pre_checkout_refusals_total counter")
        lines.append("settlegate_pre_checkout_refusals_total \(state.preCheckoutRefusals)")
        for gauge in gauges {
            lines.append("# HELP settlegate_\(gauge.name) How much waits.")
            lines.append("# TYPE settlegate_\(gauge.name) gauge")
            lines.append("settlegate_\(gauge.name) \(gauge.value)")
        }
        lines.append("# HELP settlegate_condition What is wrong at the moment, as /readyz says it.")
        lines.append("# TYPE settlegate_condition gauge")
        for condition in conditions {
            let blocks = condition.severity == .blocking
            lines.append("settlegate_condition{name=\"\(condition.name)\",blocking=\"\(blocks)\"} 1")
        }
        lines += Self.lines(of: duties) + Self.lines(of: nodes)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func lines(of duties: [(name: String, state: DutyState)]) -> [String] {
        let gauges: [(name: String, help: String, value: (DutyState) -> Int64?)] = [
            ("running", "Whether a duty is being done now.", { $0.isRunning ? 1 : 0 }),
            ("elsewhere", "Whether another gateway does a duty.", { $0.isElsewhere ? 1 : 0 }),
            ("failures", "How often a duty has failed in a row.", { Int64($0.failures) }),
            ("failing_since_timestamp_seconds", "Since when a duty fails.", { $0.failingSince?.seconds }),
            ("last_success_timestamp_seconds", "When a duty was last done.", { $0.lastSuccess?.seconds }),
        ]
        return gauges.flatMap { gauge in
            ["# HELP settlegate_duty_\(gauge.name) \(gauge.help)", "# TYPE settlegate_duty_\(gauge.name) gauge"]
                + duties.compactMap { duty in
                    gauge.value(duty.state).map { "settlegate_duty_\(gauge.name){duty=\"\(duty.name)\"} \($0)" }
                }
        }
    }

    private static func lines(of nodes: [(name: String, use: RequestBudget.Use)]) -> [String] {
        func family(_ name: String, _ kind: String, _ help: String, _ samples: [String]) -> [String] {
            ["# HELP settlegate_node_\(name) \(help)", "# TYPE settlegate_node_\(name) \(kind)"]
                + samples.map { "settlegate_node_\(name)\($0)" }
        }
        func each(_ value: (RequestBudget.Use) -> String) -> [String] {
            nodes.map { "{node=\"\($0.name)\"} \(value($0.use))" }
        }
        func byPriority(_ counts: (RequestBudget.Use) -> [RequestPriority: Int]) -> [String] {
            nodes.flatMap { node in
                RequestPriority.allCases.map { priority in
                    "{node=\"\(node.name)\",for=\"\(priority)\"} \(counts(node.use)[priority] ?? 0)"
                }
            }
        }
        return family("requests_total", "counter", "Requests made to a node.", byPriority(\.made))
            + family("requests_waiting", "gauge", "Requests that wait for a node's budget.", byPriority(\.waiting))
            + family("requests_in_flight", "gauge", "Requests that a node has not answered.", each { "\($0.inFlight)" })
            + family("refusals_total", "counter", "How often a node had too many requests.", each { "\($0.refusals)" })
            + family(
                "requests_per_second",
                "gauge",
                "The present rate of a node's budget.",
                each { seconds($0.rate * 1_000) }
            )
    }

    private static func lines(_ name: String, _ help: String, _ histogram: Histogram) -> [String] {
        var lines = ["# HELP \(name) \(help)", "# TYPE \(name) histogram"]
        for (bound, count) in zip(Histogram.bounds, histogram.counts) {
            lines.append("\(name)_bucket{le=\"\(seconds(bound))\"} \(count)")
        }
        lines.append("\(name)_bucket{le=\"+Inf\"} \(histogram.count)")
        lines.append("\(name)_sum \(seconds(histogram.sum))")
        lines.append("\(name)_count \(histogram.count)")
        return lines
    }

    /// Microseconds as a decimal number of seconds.
    private static func seconds(_ microseconds: Int64) -> String {
        let fraction = String(microseconds % 1_000_000)
        return "\(microseconds / 1_000_000)." + String(repeating: "0", count: 6 - fraction.utf8.count) + fraction
    }
}
