package import HTTPMessages
import Payments
import Records
package import Routing
import Seams
import StrictJSON

/// The routes under `/v1`, each for the keys that may use it.
extension RESTAPI: AdmittingInterface {
    package var roots: Set<String> { ["v1"] }

    package var routeNames: [String] { Routes.all.map(\.name) }

    package func metricsName(of target: RequestTarget) -> String {
        target.path.count > 1 ? Routes.kinds[target.path[1]] ?? "other" : "other"
    }

    package func problem(for error: any Error) -> Problem? {
        guard let cursor = error as? UnknownCursor else { return nil }
        let parameter = cursor.isBefore ? "ending_before" : "starting_after"
        return .invalid("'\(parameter)' is the identifier of an object of this list", parameter)
    }

    package func answer(
        _ request: HTTPRequest,
        at target: RequestTarget,
        head: inout [HTTPField]
    ) async throws -> HTTPResponse {
        let key = try await authenticate(request)
        let allowance = limiter.take(key.id.text)
        head += allowance.fields + [HTTPField("Gateway-Version", key.version)]
        guard allowance.isGranted else { throw Problem.rateLimited(allowance) }
        try Self.check(request)
        let route = try Routes.find(request.method, target.path)
        let call = APIRequest(request, path: target.path, query: target.query, key: key)
        let expansion = try Expansion(call.expansions, of: route)
        let answer = try await take(route, call)
        guard let expansion else { return answer }
        let whole = try await expansion.applied(to: JSONValue(parsing: answer.body)) { kind, id in
            let path = ["v1", kind.rawValue, id]
            let reading = HTTPRequest(method: "GET", url: "/" + path.joined(separator: "/"))
            // Read like any other request of the key, so that the key sees no more than it may.
            let object = try await take(
                try Routes.find("GET", path),
                APIRequest(reading, path: path, query: [], key: key)
            )
            return try JSONValue(parsing: object.body)
        }
        return json(whole)
    }

    /// Refuses other versions of the interface, and bodies of other types.
    private static func check(_ request: HTTPRequest) throws {
        if let version = request.field("Gateway-Version"), version != Self.version {
            throw Problem.invalid("there is no version '\(version.prefix(20))' of the interface", "Gateway-Version")
        }
        if ["POST", "PUT", "PATCH"].contains(request.method), !request.body.isEmpty {
            let type = request.field("Content-Type") ?? ""
            guard type.lowercased().hasPrefix("application/json") else {
                throw Problem(
                    status: 415,
                    code: "unsupported_media_type",
                    title: "Unsupported media type",
                    detail: "bodies are application/json"
                )
            }
        }
    }

    private func take(_ route: Routes.Route, _ call: APIRequest) async throws -> HTTPResponse {
        for scope in route.scopes where !call.access.allows(scope, isPublishable: route.isPublishable) {
            throw Problem.forbidden(scope)
        }
        return try await route.answer(self, call)
    }
}
