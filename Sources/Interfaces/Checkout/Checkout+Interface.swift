package import HTTPMessages
package import Routing

/// The paths of customers' pages: invoices, payment links, and what belongs to them.
extension Checkout: Interface {
    package var roots: Set<String> {
        [
            "pay", "buy", "checkout", "settlegate.js", "settlegate.d.ts", "tonconnect-manifest.json",
            "tonconnect-icon.png",
        ]
    }

    package var routeNames: [String] {
        [
            "GET /buy/{id}", "POST /buy/{id}", "GET /pay/{id}", "GET /pay/{id}/status", "GET /pay/{id}/events",
            "POST /pay/{id}/session", "POST /pay/{id}/renew", "POST /pay/{id}/wallet", "GET /pay/{id}/qr/{option}",
            "GET /checkout/{version}/{file}", "GET /settlegate.js", "GET /settlegate.d.ts",
            "GET /tonconnect-manifest.json", "GET /tonconnect-icon.png",
        ]
    }

    package func answer(
        _ request: HTTPRequest,
        at target: RequestTarget,
        head: inout [HTTPField]
    ) async throws -> HTTPResponse {
        guard let response = try await respond(to: request) else { throw CheckoutError.notFound }
        return response
    }

    package func problem(for error: any Error) -> Problem? { (error as? CheckoutError).map(Problem.init) }
}

extension Problem {
    fileprivate init(_ error: CheckoutError) {
        switch error {
        case .notFound: self = .notFound()
        case .methodNotAllowed(let methods): self = .methodNotAllowed(methods)
        case .refused(let reason): self = .invalid(reason)
        case .unauthorized(let reason):
            self.init(status: 401, code: "unauthorized", title: "Unauthorized", detail: reason)
        case .foreignPage:
            self.init(
                status: 403,
                code: "foreign_page",
                title: "Forbidden",
                detail: "only the gateway's own page may ask this"
            )
        case .tooManyStreams: self = .unavailable
        }
    }
}
