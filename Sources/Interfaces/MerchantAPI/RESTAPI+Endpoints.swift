import HTTPMessages
import Payments
import Records
import Routing
import Seams
import Settlement
import StrictJSON
import Webhooks

/// Endpoints for a merchant's events, and the attempts to deliver to them.
extension RESTAPI {
    func createEndpoint(_ call: APIRequest) async throws -> HTTPResponse {
        let body = try call.object("url", "types", "personal_data", "ordered")
        let url = try body.text("url")
        guard endpoints.takes(url) else {
            let exception = endpoints.allowsPrivateAddresses ? " (or http, as this gateway is set up)" : ""
            throw Problem.invalid("'url' is an absolute https URL\(exception)", "url")
        }
        let types = try body.array("types").map { value -> String in
            guard let text = value.stringValue, Settlement.eventTypes.contains(text) else {
                throw Problem.invalid("'types' are the names of events: see the document's webhooks", "types")
            }
            return text
        }
        let takesPersonalData = try body.flag("personal_data")
        // A key that may not read personal data cannot have it sent to an endpoint either.
        guard !takesPersonalData || call.access.readsPersonalData else { throw Problem.forbidden(.personalDataRead) }
        let isOrdered = try body.flag("ordered")
        let secret = StandardWebhook.Secret(random: random)
        let now = clock.now()
        return try await once(call, making: WebhookEndpointKind.self, as: MadeObject.endpoint) { id in
            let endpoint = WebhookEndpointRecord(
                id: id,
                merchant: call.merchant,
                url: url,
                sealedSecret: try secrets.seal(secret, of: id),
                types: types,
                takesPersonalData: takesPersonalData,
                isOrdered: isOrdered,
                createdAt: now
            )
            guard try await settlement.add(endpoint) else {
                throw Problem.unprocessable("a merchant has at most \(Settlement.endpointLimit) endpoints")
            }
            // The secret is shown only here.
            return .object((representation.json(endpoint).members ?? []) + [.init("secret", .string(secret.text))])
        }
    }

    func listEndpoints(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        let found = try await settlement.endpoints(of: call.merchant)
        return json([
            "object": "list", "data": .array(found.map { representation.json($0) }), "has_more": .bool(false),
            "url": "/v1/webhook_endpoints",
        ])
    }

    func deleteEndpoint(_ call: APIRequest) async throws -> HTTPResponse {
        let endpoint = try await endpoint(of: call)
        try await settlement.delete(endpoint)
        return json(["id": .string(endpoint.id.text), "object": "webhook_endpoint", "deleted": .bool(true)])
    }

    /// Changes whether an endpoint gets one event at a time.
    func changeEndpoint(_ call: APIRequest) async throws -> HTTPResponse {
        let isOrdered = try call.object("ordered").optionalFlag("ordered")
        return json(representation.json(try await change(call) { $0.isOrdered = isOrdered ?? $0.isOrdered }))
    }

    func disableEndpoint(_ call: APIRequest) async throws -> HTTPResponse {
        _ = try call.object()
        let now = clock.now()
        let disabled = try await change(call) { endpoint in
            guard endpoint.disabledAt == nil else { return }
            endpoint.disabledAt = now
            endpoint.disabledReason = "switched off by the merchant"
        }
        return json(representation.json(disabled))
    }

    func readEndpoint(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        return json(representation.json(try await endpoint(of: call)))
    }

    private func endpoint(of call: APIRequest) async throws -> WebhookEndpointRecord {
        let id: WebhookEndpointID = try call.id(at: 2)
        guard let found = try await settlement.endpoint(id, of: call.merchant) else { throw Problem.notFound() }
        return found
    }

    /// Changes an endpoint in one unit of work.
    private func change(
        _ call: APIRequest,
        _ body: @escaping @Sendable (inout WebhookEndpointRecord) throws -> Void
    ) async throws -> WebhookEndpointRecord {
        let id: WebhookEndpointID = try call.id(at: 2)
        guard let changed = try await settlement.make(EndpointChange(id, of: call.merchant, body)) else {
            throw Problem.notFound()
        }
        return changed
    }

    func enableEndpoint(_ call: APIRequest) async throws -> HTTPResponse {
        _ = try call.object()
        let enabled = try await change(call) { endpoint in
            endpoint.disabledAt = nil
            endpoint.disabledReason = nil
        }
        return json(representation.json(enabled))
    }

    /// Replaces an endpoint's secret; during the overlap messages carry a signature by each of both.
    func rotateSecret(_ call: APIRequest) async throws -> HTTPResponse {
        let overlap = try call.object("overlap").optionalInteger("overlap") ?? 86_400
        guard (0...604_800).contains(overlap) else {
            throw Problem.invalid("'overlap' lies between 0 and 604800 seconds", "overlap")
        }
        let id = try await endpoint(of: call).id
        let now = clock.now()
        return try await once(call, making: WebhookEndpointKind.self, as: MadeObject.change) { _ in
            let secret = StandardWebhook.Secret(random: random)
            let sealed = try secrets.seal(secret, of: id)
            let rotated = try await change(call) { endpoint in
                if overlap > 0, let end = endpoint.previousUntil, now < end {
                    throw Problem(
                        status: 409,
                        code: "invalid_state",
                        title: "Invalid state",
                        detail: "the secret is being replaced until \(end); an overlap of 0 ends that at once"
                    )
                }
                endpoint.previousSecret = overlap > 0 ? endpoint.sealedSecret : nil
                endpoint.previousUntil = overlap > 0 ? now.advanced(by: .seconds(overlap)) : nil
                endpoint.sealedSecret = sealed
            }
            return .object((representation.json(rotated).members ?? []) + [.init("secret", .string(secret.text))])
        }
    }

    func listAttempts(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow("limit", "event")
        let limit = try call.page().limit - 1
        let event = try call.parameter("event").map { text in
            guard let id = try? EventID(text) else { throw Problem.invalid("'event' identifies no event", "event") }
            return id
        }
        let id = try await endpoint(of: call).id
        let found = try await settlement.attempts(AttemptList(at: id, event: event, limit: limit + 1))
        let data = found.prefix(limit).map { event, attempt -> JSONValue in
            [
                "object": "delivery_attempt", "event": .string(event.text),
                "number": .integer(Int64(attempt.number)), "started_at": .string(attempt.startedAt.description),
                "duration_ms": .integer(attempt.duration.wholeMicroseconds / 1_000),
                "status": attempt.status.map { .integer(Int64($0)) } ?? .null, "failure": .optional(attempt.failure),
            ]
        }
        return json([
            "object": "list", "data": .array(data), "has_more": .bool(found.count > limit),
            "url": .string("/" + call.path.joined(separator: "/")),
        ])
    }

    /// Sends the events of a time range again.
    func redeliverRange(_ call: APIRequest) async throws -> HTTPResponse {
        let body = try call.object("from", "until")
        let (start, end) = (try body.moment("from"), try body.moment("until"))
        guard start < end else { throw Problem.unprocessable("'from' lies before 'until'", "from") }
        let target = try await endpoint(of: call)
        guard target.disabledAt == nil else {
            throw Problem(
                status: 409,
                code: "invalid_state",
                title: "Invalid state",
                detail: "the endpoint is switched off; enable it first"
            )
        }
        let result = try await settlement.redeliver(to: target, from: start, until: end)
        return json([
            "object": "redelivery", "endpoint": .string(target.id.text), "events": .integer(Int64(result.sent)),
            "is_complete": .bool(result.isComplete),
        ])
    }
}
