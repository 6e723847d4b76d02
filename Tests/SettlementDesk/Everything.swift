package import Money
package import Providers

extension ProviderCapabilities {
    /// A rail for tests that can do everything in one asset.
    package static func everything(in asset: AssetID, settings: [RailSetting] = []) -> Self {
        Self(
            opening: .depositInstruction,
            assets: [asset],
            takesPartialPayments: true,
            refunds: .partial,
            paysOut: true,
            isTestNetwork: true,
            settings: settings
        )
    }
}
