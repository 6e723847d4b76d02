import HTTPMessages
import Payments
import Records
import Routing
import Seams
import Settlement
import StrictJSON

extension RESTAPI {
    func createKey(_ call: APIRequest) async throws -> HTTPResponse {
        let body = try call.object("label", "role", "scopes")
        let label = try body.text("label")
        guard (1...100).contains(label.unicodeScalars.count), VisibleText.isVisible(label) else {
            throw Problem.invalid("'label' has 1 to 100 characters", "label")
        }
        let access = KeyAccess(role: try body.word("role"), scopes: Set(try body.array("scopes").map(Self.scope)))
        guard (access.role == .restricted) != access.scopes.isEmpty else {
            throw Problem.unprocessable("a restricted key has scopes, and no other key has", "scopes")
        }
        let now = clock.now()
        return try await once(call, making: APIKeyKind.self, as: MadeObject.apiKey) { id in
            let text = APIKeyText(id: id, role: access.role, mode: mode, random: random)
            let key = APIKeyRecord(
                id: id,
                merchant: call.merchant,
                digest: text.digest,
                label: label,
                access: access,
                version: Self.version,
                createdAt: now
            )
            guard try await settlement.add(key) else {
                throw Problem.unprocessable("a merchant has at most \(Settlement.keyLimit) keys; revoke one")
            }
            // The key is shown only here.
            return .object((Self.json(key).members ?? []) + [.init("key", .string(text.text))])
        }
    }

    private static func scope(_ value: JSONValue) throws -> KeyAccess.Scope {
        guard let scope = value.stringValue.flatMap(KeyAccess.Scope.init), scope.canBeGranted else {
            let known = KeyAccess.Scope.allCases.filter(\.canBeGranted).map(\.rawValue).joined(separator: ", ")
            throw Problem.invalid("'scopes' are of \(known)", "scopes")
        }
        return scope
    }

    func listKeys(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        let found = try await settlement.apiKeys(of: call.merchant)
        return json([
            "object": "list", "data": .array(found.map(Self.json)), "has_more": .bool(false), "url": "/v1/api_keys",
        ])
    }

    func revokeKey(_ call: APIRequest) async throws -> HTTPResponse {
        let id: APIKeyID = try call.id(at: 2)
        guard let revoked = try await settlement.revokeKey(id, of: call.merchant) else { throw Problem.notFound() }
        keys.forget(id)
        return json(Self.json(revoked))
    }

    private static func json(_ key: APIKeyRecord) -> JSONValue {
        [
            "id": .string(key.id.text), "object": "api_key", "label": .string(key.label),
            "role": .string(key.access.role.rawValue),
            "scopes": .array(key.access.scopes.map(\.rawValue).sorted().map(JSONValue.string)),
            "version": .string(key.version), "created_at": .string(key.createdAt.description),
            "revoked_at": .optional(key.revokedAt?.description),
        ]
    }
}
