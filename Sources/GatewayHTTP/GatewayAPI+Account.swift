import HTTPTransport
import Ledger
import Money
import Payments
import Seams
import Settlement
import Storage
import StrictJSON
import Webhooks

extension GatewayAPI {
    func listBalances(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        let account = AccountID(code: AccountCode("merchant_balance"), scope: call.merchant.text)
        let held = try await settlement.database.read { session in
            try session.balances(code: account.code).filter { $0.account == account }
        }
        let data = try representation.balances(held.map(\.amount))
        return json(["object": "list", "data": .array(data), "has_more": .bool(false), "url": "/v1/balances"])
    }

    func listCases(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow("limit", "starting_after", "ending_before", "state")
        let page = try call.page()
        guard let state = ExceptionCase.State(rawValue: call.parameter("state") ?? "open") else {
            throw Problem.invalid("'state' is open or resolved", "state")
        }
        let found = try await settlement.database.read { try $0.cases(of: call.merchant, state: state, in: page) }
        return list(try found.map(representation.json), of: call, page: page)
    }

    // MARK: - Events

    func listEvents(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow("limit", "starting_after", "ending_before")
        let page = try call.page()
        let found = try await settlement.database.read { try $0.events(of: call.merchant, in: page) }
        let data = try found.map { event -> JSONValue in
            let body = try JSONValue(parsing: Array(event.body.utf8))
            return .object([.init("object", "event")] + (body.members ?? []))
        }
        return list(data, of: call, page: page)
    }

    func redeliver(_ call: APIRequest) async throws -> HTTPResponse {
        _ = try call.object()
        let id: EventID = try call.id(at: 2)
        let now = clock.now()
        let count = try await settlement.database.write { session -> Int in
            guard let event = try session.event(id), event.merchant == call.merchant else { throw Problem.notFound() }
            let endpoints = try session.endpoints(of: call.merchant).filter { $0.disabledAt == nil }
            for endpoint in endpoints { try session.deliver(id, to: endpoint.id, at: now) }
            return endpoints.count
        }
        return json(["object": "redelivery", "event": .string(id.text), "endpoints": .integer(Int64(count))])
    }

    // MARK: - Endpoints

    func createEndpoint(_ call: APIRequest) async throws -> HTTPResponse {
        let body = try call.object("url", "types")
        let url = try body.text("url")
        guard WebAddress.isValid(url) else { throw Problem.invalid("'url' is an absolute https URL", "url") }
        let types = try body.array("types").map { value -> String in
            guard let text = value.stringValue, Settlement.eventTypes.contains(text) else {
                throw Problem.invalid("'types' are the names of events: see the document's webhooks", "types")
            }
            return text
        }
        let secret = StandardWebhook.Secret(random: random)
        let now = clock.now()
        return try await once(call, making: WebhookEndpointKind.self) { id in
            let endpoint = WebhookEndpointRecord(
                id: id,
                merchant: call.merchant,
                url: url,
                sealedSecret: try secrets.seal(secret, of: id),
                types: types,
                createdAt: now
            )
            try await settlement.database.write { session in
                // A request that died before it was answered has told nobody its secret: this one takes its place.
                if try session.endpoint(id) != nil { return try session.update(endpoint) }
                guard try session.endpoints(of: call.merchant).count < 20 else {
                    throw Problem.meaningless("a merchant has at most 20 endpoints")
                }
                try session.insert(endpoint)
            }
            // The only time that the secret is told.
            return .object((Self.json(endpoint).members ?? []) + [.init("secret", .string(secret.text))])
        } exists: { session, id in
            try session.endpoint(id) != nil
        }
    }

    func listEndpoints(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        let found = try await settlement.database.read { try $0.endpoints(of: call.merchant) }
        return json([
            "object": "list", "data": .array(found.map(Self.json)), "has_more": .bool(false),
            "url": "/v1/webhook_endpoints",
        ])
    }

    func disableEndpoint(_ call: APIRequest) async throws -> HTTPResponse {
        let id: WebhookEndpointID = try call.id(at: 2)
        let now = clock.now()
        let disabled = try await settlement.database.write { session -> WebhookEndpointRecord in
            guard var endpoint = try session.endpoint(id), endpoint.merchant == call.merchant else {
                throw Problem.notFound()
            }
            if endpoint.disabledAt == nil {
                endpoint.disabledAt = now
                endpoint.disabledReason = "switched off by the merchant"
                try session.update(endpoint)
            }
            return endpoint
        }
        return json(Self.json(disabled))
    }

    private static func json(_ endpoint: WebhookEndpointRecord) -> JSONValue {
        [
            "id": .string(endpoint.id.text), "object": "webhook_endpoint", "url": .string(endpoint.url),
            "types": .array(endpoint.types.map(JSONValue.string)),
            "created_at": .string(endpoint.createdAt.description),
            "disabled_at": .optional(endpoint.disabledAt?.description),
            "disabled_reason": .optional(endpoint.disabledReason),
        ]
    }
}
