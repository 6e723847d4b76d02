package import Money
package import Providers

extension ProviderCapabilities {
    /// The capabilities of a test rail that can do everything in one asset.
    package static func everything(
        in asset: AssetID,
        refunds: Refunds = .partial,
        settings: [RailSetting] = [],
        graceAfterExpiry: Duration = .zero
    ) -> Self {
        Self(
            opening: .depositInstruction,
            assets: [asset],
            takesPartialPayments: true,
            refunds: refunds,
            paysOut: true,
            isTestNetwork: true,
            graceAfterExpiry: graceAfterExpiry,
            settings: settings,
            commentLimit: 500
        )
    }
}
