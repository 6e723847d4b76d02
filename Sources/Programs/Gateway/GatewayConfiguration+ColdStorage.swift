import Money
import Providers
import Settlement

extension GatewayConfiguration {
    /// How much of an asset a wallet with an online key may hold.
    package struct ColdStorage: Codable, Sendable {
        /// The key of the wallet's provider.
        package var provider: String
        /// The asset.
        package var asset: String
        /// The address of the wallet whose key is kept offline.
        package var address: String
        /// The amount above which money moves to the offline wallet, a decimal text.
        package var above: String
        /// The amount that stays, a decimal text.
        package var downTo: String

        enum CodingKeys: String, CodingKey {
            case provider
            case asset
            case address
            case above
            case downTo = "down_to"
        }
    }

    /// The offline wallets of a provider.
    func coldWallets(of provider: String) -> [String] {
        (coldStorage ?? []).filter { $0.provider == provider }.map(\.address)
    }
}

extension Catalogues {
    /// The limit that the configuration states.
    ///
    /// - Throws: ``ConfigurationError`` when the asset is not in the list, the amounts make no sense, or the address is
    ///   one that payouts refuse.
    func rule(
        _ limit: GatewayConfiguration.ColdStorage,
        sending providers: ProviderRegistry
    ) throws -> ColdStorageRule {
        guard let asset = assets.asset(try AssetID(limit.asset)) else {
            throw ConfigurationError("cold_storage: \(limit.asset) is not in the asset list")
        }
        do throws(DestinationRefusal) {
            _ = try providers.provider(limit.provider)?.send?.account(of: limit.address, for: asset.id)
        } catch { throw ConfigurationError("cold_storage: \(limit.address): \(error.reason)") }
        return try ColdStorageRule(
            provider: limit.provider,
            address: limit.address,
            above: asset.amount(limit.above),
            downTo: asset.amount(limit.downTo)
        )
    }
}
