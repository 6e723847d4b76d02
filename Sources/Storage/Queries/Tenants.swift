public import Payments
public import Seams

/// A merchant.
public struct MerchantRecord: Hashable, Sendable {
    /// Its identifier.
    public let id: MerchantID
    /// Its name for people.
    public let name: String
    /// The fee that the gateway keeps of what it receives, in hundredths of a percent.
    public let feeBasisPoints: Int
    /// When it was added.
    public let createdAt: Timestamp

    /// A merchant.
    public init(id: MerchantID, name: String, feeBasisPoints: Int, createdAt: Timestamp) {
        self.id = id
        self.name = name
        self.feeBasisPoints = feeBasisPoints
        self.createdAt = createdAt
    }
}

/// An API key, without the part that only the merchant knows.
public struct APIKeyRecord: Hashable, Sendable {
    /// Its identifier, which is part of the key's text.
    public let id: APIKeyID
    /// Whose key it is.
    public let merchant: MerchantID
    /// The SHA-256 digest of the secret part.
    public let digest: [UInt8]
    /// What it is for, in the merchant's words.
    public let label: String
    /// When it was made.
    public let createdAt: Timestamp
    /// When it was revoked, if it was.
    public let revokedAt: Timestamp?

    /// An API key.
    public init(
        id: APIKeyID,
        merchant: MerchantID,
        digest: [UInt8],
        label: String,
        createdAt: Timestamp,
        revokedAt: Timestamp? = nil
    ) {
        self.id = id
        self.merchant = merchant
        self.digest = digest
        self.label = label
        self.createdAt = createdAt
        self.revokedAt = revokedAt
    }
}

/// Merchants and their keys.
extension SQLSession {
    /// Stores a new merchant.
    public func insert(_ merchant: MerchantRecord) throws {
        try execute(
            "INSERT INTO merchants (id, name, fee_basis_points, created_at) VALUES ($1, $2, $3, $4)",
            [
                .id(merchant.id), .text(merchant.name), .integer(Int64(merchant.feeBasisPoints)),
                .moment(merchant.createdAt),
            ]
        )
    }

    /// A merchant.
    public func merchant(_ id: MerchantID) throws -> MerchantRecord? {
        if let known = group.merchants[id] { return known }
        let merchant = try first(
            "SELECT id, name, fee_basis_points, created_at FROM merchants WHERE id = $1",
            [.id(id)]
        ) {
            try $0.merchant()
        }
        group.merchants[id] = merchant
        return merchant
    }

    /// All merchants, in the order in which they were added.
    public func merchants() throws -> [MerchantRecord] {
        try all("SELECT id, name, fee_basis_points, created_at FROM merchants ORDER BY id", []) { try $0.merchant() }
    }

    /// Stores a new API key.
    public func insert(_ key: APIKeyRecord) throws {
        try execute(
            "INSERT INTO api_keys (id, merchant, digest, label, created_at) VALUES ($1, $2, $3, $4, $5)",
            [.id(key.id), .id(key.merchant), .blob(key.digest), .text(key.label), .moment(key.createdAt)]
        )
    }

    /// An API key, also a revoked one.
    public func apiKey(_ id: APIKeyID) throws -> APIKeyRecord? {
        try first(
            "SELECT id, merchant, digest, label, created_at, revoked_at FROM api_keys WHERE id = $1",
            [.id(id)]
        ) { try $0.apiKey() }
    }

    /// A merchant's API keys.
    public func apiKeys(of merchant: MerchantID) throws -> [APIKeyRecord] {
        try all(
            "SELECT id, merchant, digest, label, created_at, revoked_at FROM api_keys WHERE merchant = $1 ORDER BY id",
            [.id(merchant)]
        ) { try $0.apiKey() }
    }

    /// Makes an API key useless.
    ///
    /// - Returns: whether it was of use until now.
    public func revoke(_ id: APIKeyID, at moment: Timestamp) throws -> Bool {
        try change(
            "UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL",
            [.moment(moment), .id(id)]
        ) == 1
    }
}

extension SQLRow {
    fileprivate mutating func merchant() throws -> MerchantRecord {
        MerchantRecord(id: try id(), name: try text(), feeBasisPoints: try int(), createdAt: try moment())
    }

    fileprivate mutating func apiKey() throws -> APIKeyRecord {
        APIKeyRecord(
            id: try id(),
            merchant: try id(),
            digest: try blob(),
            label: try text(),
            createdAt: try moment(),
            revokedAt: try optionalMoment()
        )
    }
}
