import HTTPTransport

/// The routes under `/v1`, each with what answers it.
enum Routes {
    typealias Answer = @Sendable (GatewayAPI, APIRequest) async throws -> HTTPResponse

    /// One route; `*` stands for an identifier.
    struct Route: Sendable {
        let method: String
        let path: [String]
        let answer: Answer

        init(_ method: String, _ path: String, _ answer: @escaping Answer) {
            self.method = method
            self.path = path.split(separator: "/").map { String($0) }
            self.answer = answer
        }

        func matches(_ path: [String]) -> Bool {
            path.count == self.path.count && zip(self.path, path).allSatisfy { $0 == "*" || $0 == $1 }
        }
    }

    static let all: [Route] = [
        Route("POST", "/v1/invoices") { try await $0.createInvoice($1) },
        Route("GET", "/v1/invoices") { try await $0.listInvoices($1) },
        Route("GET", "/v1/invoices/*") { try await $0.readInvoice($1) },
        Route("POST", "/v1/invoices/*/cancel") { try await $0.cancelInvoice($1) },
        Route("POST", "/v1/invoices/*/claim_challenges") { try await $0.createChallenge($1) },
        Route("POST", "/v1/invoices/*/claims") { try await $0.createClaim($1) },
        Route("GET", "/v1/payments") { try await $0.listPayments($1) },
        Route("GET", "/v1/payments/*") { try await $0.readPayment($1) },
        Route("POST", "/v1/refunds") { try await $0.createRefund($1) },
        Route("GET", "/v1/refunds") { try await $0.listOutgoing($1, refunds: true) },
        Route("GET", "/v1/refunds/*") { try await $0.readOutgoing($1, refunds: true) },
        Route("POST", "/v1/payouts") { try await $0.createPayout($1) },
        Route("GET", "/v1/payouts") { try await $0.listOutgoing($1, refunds: false) },
        Route("GET", "/v1/payouts/*") { try await $0.readOutgoing($1, refunds: false) },
        Route("POST", "/v1/payouts/*/approve") { try await $0.decidePayout($1, approve: true) },
        Route("POST", "/v1/payouts/*/cancel") { try await $0.decidePayout($1, approve: false) },
        Route("GET", "/v1/balances") { try await $0.listBalances($1) },
        Route("GET", "/v1/cases") { try await $0.listCases($1) },
        Route("GET", "/v1/events") { try await $0.listEvents($1) },
        Route("POST", "/v1/events/*/redeliver") { try await $0.redeliver($1) },
        Route("POST", "/v1/webhook_endpoints") { try await $0.createEndpoint($1) },
        Route("GET", "/v1/webhook_endpoints") { try await $0.listEndpoints($1) },
        Route("DELETE", "/v1/webhook_endpoints/*") { try await $0.disableEndpoint($1) },
    ]

    /// What answers a request.
    static func find(_ method: String, _ path: [String]) throws -> Answer {
        let candidates = all.filter { $0.matches(path) }
        guard !candidates.isEmpty else { throw Problem.notFound() }
        guard let route = candidates.first(where: { $0.method == method }) else {
            throw Problem.methodNotAllowed(candidates.map(\.method))
        }
        return route.answer
    }
}

extension GatewayAPI {
    /// Every route as `METHOD /path/{id}`, for whoever compares a document with them.
    public var routeNames: [String] {
        let others = [
            "POST /telegram/{bot}", "GET /livez", "GET /readyz", "GET /metrics", "GET /openapi.json",
            "GET /pay/{id}", "GET /pay/{id}/status", "GET /pay/{id}/events", "POST /pay/{id}/session",
            "GET /pay/{id}/qr/{option}", "GET /checkout/{version}/{file}", "GET /settlegate.js",
            "GET /settlegate.d.ts",
        ]
        return others
            + Routes.all.map { route in
                "\(route.method) /" + route.path.map { $0 == "*" ? "{id}" : $0 }.joined(separator: "/")
            }
    }
}
