import Cryptography
import HTTPMessages
import Payments
import Records
import Routing
import Seams
import Settlement
import StrictJSON
import Webhooks

/// Requests that may be sent again (IETF draft-ietf-httpapi-idempotency-key-header).
extension RESTAPI {
    /// Runs a request that makes an object, once for each idempotency key.
    ///
    /// The object's identifier is stored with the claim, so that a repeated request continues one that was interrupted.
    func once<Kind>(
        _ call: APIRequest,
        making kind: Kind.Type,
        as made: (Identifier<Kind>) -> MadeObject,
        _ run: (Identifier<Kind>) async throws -> JSONValue
    ) async throws -> HTTPResponse {
        let fresh: Identifier<Kind> = settlement.identifiers.next()
        guard let key = try call.idempotencyKey() else { return json(try await run(fresh), status: 201) }
        let route = "\(call.method) /" + call.path.joined(separator: "/")
        let scope = IdempotencyScope(merchant: call.merchant, route: route, key: key)
        let fingerprint = SHA256.hash(call.fingerprintContent)
        switch try await settlement.claim(scope, fingerprint: fingerprint, object: fresh.text) {
        case .replay(let status, let body):
            let fields = [HTTPField("Content-Type", "application/json"), HTTPField("Idempotency-Replayed", "true")]
            return HTTPResponse(status: status, fields: fields, body: try secrets.open(answer: body, to: scope.text))
        case .inFlight:
            throw Problem(
                status: 409,
                code: "in_flight",
                title: "Conflict",
                detail: "a request with this idempotency key is being run; ask again in a moment",
                fields: [HTTPField("Retry-After", "1")]
            )
        case .mismatch:
            throw Problem(
                status: 422,
                code: "idempotency_mismatch",
                title: "Idempotency key used before",
                detail: "the idempotency key was used for another request",
                parameter: "Idempotency-Key"
            )
        case .claimed(let object):
            let id: Identifier<Kind>
            do { id = try Identifier(object) } catch { throw StorageError(.corrupt, "a claim names no object") }
            return try await finish(scope, making: made(id)) { try await run(id) }
        }
    }

    private func finish(
        _ scope: IdempotencyScope,
        making object: MadeObject,
        _ run: () async throws -> JSONValue
    ) async throws -> HTTPResponse {
        let value: JSONValue
        do { value = try await run() } catch {
            try await settlement.giveUp(scope, making: object)
            throw error
        }
        // The object may be an API key: the answer is sealed, so that a copy of the database does not show it.
        let sealed = try secrets.seal(answer: value.bytes, to: scope.text)
        try await settlement.finish(scope, status: 201, body: sealed)
        return json(value, status: 201)
    }
}
