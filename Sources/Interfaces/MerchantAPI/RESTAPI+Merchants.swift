import HTTPMessages
package import Payments
import Records
import Routing
import Seams
import Settlement
import StrictJSON
package import Webhooks

/// A merchant that was just added, with the secrets that are shown only once.
package struct NewMerchant: Sendable {
    /// Its identifier.
    package let id: MerchantID
    /// Its API key; only a digest is stored.
    package let apiKey: String
    /// The signing secret of its endpoint, when it has one.
    package let webhookSecret: StandardWebhook.Secret?
}

/// A merchant that an operator wants to add.
package struct MerchantRequest: Sendable {
    let name: String
    let feeBasisPoints: Int
    let webhookURL: String?
    let id: MerchantID?

    /// A merchant to be added.
    ///
    /// - Parameters:
    ///   - name: its name, 1 to 100 characters.
    ///   - feeBasisPoints: the gateway's fee, in hundredths of a percent.
    ///   - webhookURL: where its events go; nil when it takes none yet.
    ///   - id: its identifier; nil makes a new one.
    package init(name: String, feeBasisPoints: Int, webhookURL: String?, id: MerchantID? = nil) {
        self.name = name
        self.feeBasisPoints = feeBasisPoints
        self.webhookURL = webhookURL
        self.id = id
    }
}

/// Requests of the operator about merchants.
extension RESTAPI {
    /// The fees that a gateway may keep of a merchant's payments, in hundredths of a percent.
    private static let fees = 0...10_000

    /// Adds a merchant with an API key, and an endpoint for its events when a URL is given.
    ///
    /// - Throws: `SettlementError` when name or fee is out of bounds, and what the database throws.
    /// - Returns: the merchant.
    package func add(_ wish: MerchantRequest) async throws -> NewMerchant {
        let (name, feeBasisPoints, webhookURL) = (wish.name, wish.feeBasisPoints, wish.webhookURL)
        guard (1...100).contains(name.count), VisibleText.isVisible(name) else {
            throw SettlementError(
                .invalidRequest,
                "a merchant's name has 1 to 100 characters that people can see",
                parameter: "name"
            )
        }
        guard Self.fees.contains(feeBasisPoints) else {
            let reason = "the fee lies between 0 and 10000 hundredths of a percent"
            throw SettlementError(.invalidRequest, reason, parameter: "fee_basis_points")
        }
        let now = clock.now()
        let merchant = MerchantRecord(
            id: wish.id ?? settlement.identifiers.next(),
            name: name,
            feeBasisPoints: feeBasisPoints,
            createdAt: now
        )
        let (record, text) = firstKey(of: merchant.id, at: now)
        let secret = webhookURL == nil ? nil : StandardWebhook.Secret(random: random)
        let endpoint = try webhookURL.flatMap { url in
            try secret.map { try self.endpoint(of: merchant.id, url, $0, at: now) }
        }
        try await settlement.add(merchant, key: record, endpoint: endpoint)
        return NewMerchant(id: merchant.id, apiKey: text, webhookSecret: secret)
    }

    /// Makes an API key of the operator: it adds merchants, and decides about wallets and unmatched payments.
    ///
    /// - Throws: what the database throws.
    /// - Returns: the key, which is shown only once.
    package func makeOperatorKey() async throws -> String {
        let (record, text) = firstKey(of: settlement.operatorMerchant, at: clock.now())
        try await settlement.addOperatorKey(record)
        return text
    }

    private func firstKey(of merchant: MerchantID, at now: Timestamp) -> (record: APIKeyRecord, text: String) {
        let key = APIKeyText(id: settlement.identifiers.next(), mode: mode, random: random)
        let record = APIKeyRecord(
            id: key.id,
            merchant: merchant,
            digest: key.digest,
            label: "first key",
            version: Self.version,
            createdAt: now
        )
        return (record, key.text)
    }

    private func endpoint(
        of merchant: MerchantID,
        _ url: String,
        _ secret: StandardWebhook.Secret,
        at now: Timestamp
    ) throws -> WebhookEndpointRecord {
        let id: WebhookEndpointID = settlement.identifiers.next()
        return WebhookEndpointRecord(
            id: id,
            merchant: merchant,
            url: url,
            sealedSecret: try secrets.seal(secret, of: id),
            types: [],
            createdAt: now
        )
    }

    // MARK: - Routes

    func createMerchant(_ call: APIRequest) async throws -> HTTPResponse {
        try requireOperator(call)
        let body = try call.object("name", "fee_basis_points")
        let (name, fee) = (try body.text("name"), try body.optionalInteger("fee_basis_points") ?? 0)
        return try await once(call, making: MerchantKind.self, as: MadeObject.merchant) { id in
            let wish = MerchantRequest(name: name, feeBasisPoints: Int(clamping: fee), webhookURL: nil, id: id)
            let added = try await add(wish)
            let stored = try await settlement.merchant(added.id)
            // The key is shown only here.
            return .object((stored.map(Self.json)?.members ?? []) + [.init("api_key", .string(added.apiKey))])
        }
    }

    func listMerchants(_ call: APIRequest) async throws -> HTTPResponse {
        try requireOperator(call)
        try call.allow("limit", "starting_after", "ending_before")
        let page = try call.page()
        let found = try await settlement.merchants(in: page)
        return list(found.map(Self.json), of: call, page: page)
    }

    func readMerchant(_ call: APIRequest) async throws -> HTTPResponse {
        try requireOperator(call)
        try call.allow()
        let id: MerchantID = try call.id(at: 2)
        guard let found = try await settlement.merchant(id) else { throw Problem.notFound() }
        return json(Self.json(found))
    }

    func requireOperator(_ call: APIRequest) throws {
        guard call.merchant == settlement.operatorMerchant else {
            throw Problem(
                status: 403,
                code: "forbidden",
                title: "Forbidden",
                detail: "only a key of the operator may; 'settlegate merchants operator-key' makes one"
            )
        }
    }

    private static func json(_ merchant: MerchantRecord) -> JSONValue {
        [
            "id": .string(merchant.id.text), "object": "merchant", "name": .string(merchant.name),
            "fee_basis_points": .integer(Int64(merchant.feeBasisPoints)),
            "created_at": .string(merchant.createdAt.description),
        ]
    }
}
