package import HTTPMessages
package import Routing
import Seams
package import Settlement
import StrictJSON

/// The gateway's status pages: whether it lives, whether it can serve, its metrics, and its OpenAPI document.
package struct StatusPages: Interface {
    private let settlement: Settlement
    private let metrics: Metrics
    private let document: [UInt8]
    private let budgets: [(name: String, budget: RequestBudget)]

    /// The pages of a gateway; `document` is its OpenAPI document, and `budgets` are those of its nodes.
    package init(
        settlement: Settlement,
        metrics: Metrics,
        document: [UInt8],
        budgets: [(name: String, budget: RequestBudget)] = []
    ) {
        self.budgets = budgets
        self.settlement = settlement
        self.metrics = metrics
        self.document = document
    }

    package let roots: Set<String> = ["livez", "readyz", "metrics", "duties", "openapi.json"]

    package var routeNames: [String] {
        ["GET /livez", "GET /readyz", "GET /metrics", "GET /duties", "GET /openapi.json"]
    }

    /// Health checks are not logged: they come all the time, and nobody looks for their faults.
    package func isLogged(_ target: RequestTarget) -> Bool { target.path.first == "openapi.json" }

    package func answer(
        _ request: HTTPRequest,
        at target: RequestTarget,
        head: inout [HTTPField]
    ) async throws -> HTTPResponse {
        guard target.path.count == 1 else { throw Problem.notFound() }
        guard request.method == "GET" else { throw Problem.methodNotAllowed(["GET"]) }
        switch target.path[0] {
        case "livez": return Self.text("ok\n")
        case "readyz": return await readiness()
        case "metrics": return try await counts()
        case "duties": return duties()
        default:
            return HTTPResponse(status: 200, fields: [HTTPField("Content-Type", "application/json")], body: document)
        }
    }

    /// The first line says whether requests can be served; each further line is a condition, or a duty that fails or is done
    /// by another gateway.
    private func readiness() async -> HTTPResponse {
        let isStoring = await settlement.isStoring()
        let conditions = settlement.conditions.all
        let isReady = isStoring && !conditions.contains { $0.severity == .blocking }
        var lines = [isReady ? "ready" : "not ready"]
        lines += conditions.map { "\($0.name): \($0.sentence)" }
        lines += settlement.duties.all.compactMap { duty in
            switch duty.state.word {
            case .running, .waiting: nil
            case .elsewhere: "duty \(duty.name): elsewhere, another gateway does it"
            case .failing:
                "duty \(duty.name): failing since \(duty.state.failingSince?.description ?? "now") "
                    + "(\(duty.state.causes.joined(separator: ", ")))"
            }
        }
        return Self.text(lines.joined(separator: "\n") + "\n", status: isReady ? 200 : 503)
    }

    /// How each duty stands, for `settlegate doctor`.
    private func duties() -> HTTPResponse {
        let list = settlement.duties.all.map { duty -> JSONValue in
            [
                "name": .string(duty.name), "state": .string(duty.state.word.rawValue),
                "running": .bool(duty.state.isRunning), "failures": .integer(Int64(duty.state.failures)),
                "failing_since": .optional(duty.state.failingSince?.description),
                "causes": .array(duty.state.causes.map(JSONValue.string)),
                "last_success": .optional(duty.state.lastSuccess?.description),
            ]
        }
        let body: JSONValue = ["object": "list", "data": .array(list)]
        let type = HTTPField("Content-Type", "application/json")
        return HTTPResponse(status: 200, fields: [type], body: body.bytes)
    }

    private func counts() async throws -> HTTPResponse {
        _ = await settlement.isStoring()
        let depths = try await settlement.backlog()
        let (conditions, duties) = (settlement.conditions.all, settlement.duties.all)
        let nodes = budgets.map { (name: $0.name, use: $0.budget.use) }
        return Self.text(metrics.exposition(gauges: depths, conditions: conditions, duties: duties, nodes: nodes))
    }

    private static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        let type = HTTPField("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        return HTTPResponse(status: status, fields: [type], body: Array(text.utf8))
    }
}
