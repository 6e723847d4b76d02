package import Payments
package import Records
import Seams
import Storage

/// Changes of merchants and their API keys.
extension Settlement {
    /// The most keys of a merchant that are not revoked.
    package static let keyLimit = 100

    /// Adds a merchant with its first key, and an endpoint for its events when there is one; a merchant that is there
    /// already gets another key.
    ///
    /// - Throws: what the database throws.
    package func add(
        _ merchant: MerchantRecord,
        key: APIKeyRecord,
        endpoint: WebhookEndpointRecord?
    ) async throws {
        try await database.write { session in
            if try session.merchant(merchant.id) == nil { try session.insert(merchant) }
            try session.insert(key)
            if let endpoint { try session.insert(endpoint) }
        }
    }

    /// Adds a key of the tenant that runs the gateway.
    ///
    /// - Throws: what the database throws.
    package func addOperatorKey(_ key: APIKeyRecord) async throws {
        try await database.write { try $0.insert(key) }
    }

    /// Adds a merchant's key; an existing one with the same identifier gets the new secret.
    ///
    /// A request that failed before it was answered has told nobody its key: the next one replaces it.
    ///
    /// - Throws: what the database throws.
    /// - Returns: false when the merchant has too many.
    package func add(_ key: APIKeyRecord) async throws -> Bool {
        try await write(for: key.merchant) { session in
            if try session.apiKey(key.id) != nil {
                try session.replaceDigest(of: key.id, by: key.digest)
                return true
            }
            let count = try session.apiKeys(of: key.merchant).count { $0.revokedAt == nil }
            guard count < Self.keyLimit else { return false }
            try session.insert(key)
            return true
        }
    }

    /// Revokes a merchant's key.
    ///
    /// - Throws: what the database throws.
    /// - Returns: the key as it is now; nil when the merchant has no such key.
    package func revokeKey(_ id: APIKeyID, of merchant: MerchantID) async throws -> APIKeyRecord? {
        let now = clock.now()
        return try await write(for: merchant) { session in
            guard let key = try session.apiKey(id), key.merchant == merchant else { return nil }
            _ = try session.revoke(id, at: now)
            return try session.apiKey(id) ?? key
        }
    }
}
