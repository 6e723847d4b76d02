import Cryptography
import HTTPMessages
import Payments
import Routing
import Seams
import Settlement
import Storage
import StrictJSON
import Webhooks

/// Requests that may be sent again (IETF draft-ietf-httpapi-idempotency-key-header).
extension RESTAPI {
    /// How long a request that is being run keeps others with the same key out.
    private static let claimLease = Duration.seconds(30)

    /// Runs a request that makes an object once, however often it is sent.
    ///
    /// The object's identifier is stored with the claim: a request that died goes on where it left off.
    func once<Kind>(
        _ call: APIRequest,
        making kind: Kind.Type,
        _ run: (Identifier<Kind>) async throws -> JSONValue,
        exists: @escaping @Sendable (any SQLSession, Identifier<Kind>) throws -> Bool
    ) async throws -> HTTPResponse {
        let fresh: Identifier<Kind> = settlement.identifiers.next()
        guard let key = try call.idempotencyKey() else { return json(try await run(fresh), status: 201) }
        let route = "\(call.method) /" + call.path.joined(separator: "/")
        let scope = IdempotencyScope(merchant: call.merchant, route: route, key: key)
        let fingerprint = SHA256.hash(call.fingerprintContent)
        let now = clock.now()
        let claim = try await settlement.database.write { session in
            try session.claimIdempotency(
                scope,
                fingerprint: fingerprint,
                object: fresh.text,
                at: now,
                until: now.advanced(by: Self.claimLease)
            )
        }
        switch claim {
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
            return try await finish(scope, id, run, exists: exists)
        }
    }

    private func finish<Kind>(
        _ scope: IdempotencyScope,
        _ id: Identifier<Kind>,
        _ run: (Identifier<Kind>) async throws -> JSONValue,
        exists: @escaping @Sendable (any SQLSession, Identifier<Kind>) throws -> Bool
    ) async throws -> HTTPResponse {
        let value: JSONValue
        do { value = try await run(id) } catch {
            let now = clock.now()
            // What was refused before anything was made leaves the key free for another try.
            try await settlement.database.write { session in
                if try exists(session, id) {
                    try session.releaseIdempotency(scope, at: now)
                } else {
                    try session.forgetIdempotency(scope)
                }
            }
            throw error
        }
        // What is made may be a key: its answer is kept where a copy of the database does not show it.
        let sealed = try secrets.seal(answer: value.bytes, to: scope.text)
        try await settlement.database.write { try $0.finishIdempotency(scope, status: 201, body: sealed) }
        return json(value, status: 201)
    }
}
