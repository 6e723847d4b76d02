package import MerchantAPI
package import Records
import Seams
import Settlement
import Storage

/// Adding and listing merchants, for operators.
extension Gateway {
    /// Adds a merchant with an API key, and an endpoint for its events when a URL is given.
    ///
    /// - Throws: `SettlementError`, and what the database throws.
    package func addMerchant(name: String, feeBasisPoints: Int, webhookURL: String?) async throws -> NewMerchant {
        try await merchantAPI.add(MerchantRequest(name: name, feeBasisPoints: feeBasisPoints, webhookURL: webhookURL))
    }

    /// All merchants.
    ///
    /// - Throws: what the database throws.
    package func merchants() async throws -> [MerchantRecord] {
        try await settlement.database.read { try $0.merchants() }
    }
}
