import GatewayHTTP
public import Payments
public import Seams
import Settlement
public import Storage
public import Webhooks

/// What an operator does with merchants.
extension Gateway {
    /// A merchant as it was just added, with what only it may know.
    public struct NewMerchant: Sendable {
        /// Its identifier.
        public let id: MerchantID
        /// Its API key; only a digest is stored.
        public let apiKey: String
        /// The signing secret of its endpoint, when it has one.
        public let webhookSecret: StandardWebhook.Secret?
    }

    /// Adds a merchant with an API key, and an endpoint for its events when a URL is given.
    ///
    /// - Throws: ``ConfigurationError``, and what the database throws.
    public func addMerchant(
        name: String,
        feeBasisPoints: Int,
        webhookURL: String?,
        random: any RandomSource
    ) async throws -> NewMerchant {
        guard (1...100).contains(name.count) else {
            throw ConfigurationError("a merchant's name has 1 to 100 characters")
        }
        guard (0...10_000).contains(feeBasisPoints) else {
            throw ConfigurationError("the fee lies between 0 and 10000 hundredths of a percent")
        }
        let now = settlement.clock.now()
        let id: MerchantID = settlement.identifiers.next()
        let key = APIKeyText(id: settlement.identifiers.next(), mode: api.keyMode, random: random)
        let secret = webhookURL == nil ? nil : StandardWebhook.Secret(random: random)
        let endpointID: WebhookEndpointID = settlement.identifiers.next()
        let sealed = try secret.map { try secrets.seal($0, of: endpointID) }
        try await settlement.database.write { session in
            try session.insert(MerchantRecord(id: id, name: name, feeBasisPoints: feeBasisPoints, createdAt: now))
            try session.insert(
                APIKeyRecord(
                    id: key.id,
                    merchant: id,
                    digest: key.digest,
                    label: "first key",
                    version: GatewayAPI.version,
                    createdAt: now
                )
            )
            guard let webhookURL, let sealed else { return }
            try session.insert(
                WebhookEndpointRecord(
                    id: endpointID,
                    merchant: id,
                    url: webhookURL,
                    sealedSecret: sealed,
                    types: [],
                    createdAt: now
                )
            )
        }
        return NewMerchant(id: id, apiKey: key.text, webhookSecret: secret)
    }

    /// All merchants.
    ///
    /// - Throws: what the database throws.
    public func merchants() async throws -> [MerchantRecord] {
        try await settlement.database.read { try $0.merchants() }
    }
}
