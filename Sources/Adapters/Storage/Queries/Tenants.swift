import Ledger
package import Money
package import Payments
package import Records
package import Seams

/// Merchants and their keys.
extension SQLSession {
    /// Stores a new merchant, whose money is kept in one of the merchants' books.
    package func insert(_ merchant: MerchantRecord) throws {
        try insert(merchant, in: bookOfNextMerchant())
    }

    /// Stores the tenant that runs the gateway, which has a book of its own.
    package func insertOperator(_ merchant: MerchantRecord) throws {
        try insert(merchant, in: .operators)
    }

    private func insert(_ merchant: MerchantRecord, in book: LedgerBook) throws {
        try execute(
            "INSERT INTO merchants (id, book, name, fee_basis_points, created_at) VALUES ($1, $2, $3, $4, $5)",
            [
                .id(merchant.id), .integer(book.number), .text(merchant.name), .integer(Int64(merchant.feeBasisPoints)),
                .moment(merchant.createdAt),
            ]
        )
    }

    /// A merchant.
    package func merchant(_ id: MerchantID) throws -> MerchantRecord? {
        if let known = group.merchants[id] { return known }
        let merchant = try first(
            "SELECT \(Self.merchantColumns) FROM merchants m WHERE m.id = $1",
            [.id(id)]
        ) {
            try $0.merchant()
        }
        group.merchants[id] = merchant
        return merchant
    }

    static var merchantColumns: String { "m.id, m.name, m.fee_basis_points, m.created_at" }

    /// A page of merchants, the newest first.
    package func merchants(in page: Page) throws -> [MerchantRecord] {
        // A list needs a condition, and this one all merchants meet.
        try list(
            Self.merchantColumns,
            from: "merchants m",
            id: "m.id",
            of: MerchantKind.self,
            Filter("m.created_at >= ", .integer(0)),
            in: page
        ) {
            try $0.merchant()
        }
    }

    /// Whether the money of this database is real; the first call decides it for ever.
    package func isLive(otherwise wish: Bool) throws -> Bool {
        try execute(
            "INSERT INTO gateway_mode (number, livemode) VALUES (1, $1) ON CONFLICT DO NOTHING",
            [.integer(wish ? 1 : 0)]
        )
        return try first("SELECT livemode FROM gateway_mode WHERE number = 1", []) { try $0.int() == 1 } ?? wish
    }

    /// How many decimal digits the smallest unit of an asset has in this database; the first call decides it for ever.
    package func scale(of asset: AssetID, otherwise scale: Int) throws -> Int {
        try execute(
            "INSERT INTO asset_scales (asset, scale) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            [.text(asset.text), .integer(Int64(scale))]
        )
        return try first("SELECT scale FROM asset_scales WHERE asset = $1", [.text(asset.text)]) { try $0.int() }
            ?? scale
    }

    /// All merchants, the oldest first.
    package func merchants() throws -> [MerchantRecord] {
        try all("SELECT \(Self.merchantColumns) FROM merchants m ORDER BY m.id", []) { try $0.merchant() }
    }

    private static var keyColumns: String {
        "id, merchant, digest, label, role, scopes, version, created_at, revoked_at"
    }

    /// Stores a new API key.
    package func insert(_ key: APIKeyRecord) throws {
        try execute(
            """
            INSERT INTO api_keys (id, merchant, digest, label, role, scopes, version, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            [
                .id(key.id), .id(key.merchant), .blob(key.digest), .text(key.label), .code(key.access.role),
                .text(key.access.scopes.map(\.rawValue).sorted().joined(separator: " ")), .text(key.version),
                .moment(key.createdAt),
            ]
        )
    }

    /// An API key, also a revoked one.
    package func apiKey(_ id: APIKeyID) throws -> APIKeyRecord? {
        try first(
            "SELECT \(Self.keyColumns) FROM api_keys WHERE id = $1",
            [.id(id)]
        ) { try $0.apiKey() }
    }

    /// A merchant's API keys.
    package func apiKeys(of merchant: MerchantID) throws -> [APIKeyRecord] {
        try all(
            "SELECT \(Self.keyColumns) FROM api_keys WHERE merchant = $1 ORDER BY id",
            [.id(merchant)]
        ) { try $0.apiKey() }
    }

    /// Replaces the digest of a key's secret.
    package func replaceDigest(of id: APIKeyID, by digest: [UInt8]) throws {
        try execute("UPDATE api_keys SET digest = $1 WHERE id = $2", [.blob(digest), .id(id)])
    }

    /// Revokes an API key.
    ///
    /// - Returns: whether it was not revoked before.
    package func revoke(_ id: APIKeyID, at moment: Timestamp) throws -> Bool {
        try change(
            "UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL",
            [.moment(moment), .id(id)]
        ) == 1
    }
}

extension SQLRow {
    mutating func merchant() throws -> MerchantRecord {
        MerchantRecord(id: try id(), name: try text(), feeBasisPoints: try int(), createdAt: try moment())
    }

    private mutating func access() throws -> KeyAccess {
        let role: KeyAccess.Role = try code()
        let scopes = try text().split(separator: " ").compactMap { KeyAccess.Scope(rawValue: String($0)) }
        return KeyAccess(role: role, scopes: Set(scopes))
    }

    fileprivate mutating func apiKey() throws -> APIKeyRecord {
        APIKeyRecord(
            id: try id(),
            merchant: try id(),
            digest: try blob(),
            label: try text(),
            access: try access(),
            version: try text(),
            createdAt: try moment(),
            revokedAt: try optionalMoment()
        )
    }
}
