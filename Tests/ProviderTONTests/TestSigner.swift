import Cryptography
import ProviderTON
import Providers
import Signing

extension WalletSigner {
    /// The keys of the test provider with a configuration.
    init(for configuration: TONProvider.Configuration) throws(ProviderError) {
        try self.init(
            seed: SecretBytes([UInt8](repeating: 3, count: 32)),
            on: TONScheme(
                network: configuration.network,
                version: configuration.walletVersion,
                highloadTimeout: configuration.highloadTimeout,
                jettons: configuration.jettons.map {
                    .init(asset: $0.asset, master: $0.master, walletCode: $0.walletCode, layout: $0.layout)
                }
            )
        )
    }
}
