package import Cryptography
package import Payments
package import Providers

/// Signs in this process, with keys from one seed.
///
/// The keys are never handed out. The policy sees the bytes as the chain will read them, not as the provider describes
/// them, so that a mistake in a provider moves no money to anybody else.
package struct WalletSigner: Signer {
    private let keys: any WalletKeys

    /// The signer of an EVM chain's accounts.
    ///
    /// - Parameters:
    ///   - seed: the seed of all accounts (BIP-32, 16 to 64 bytes).
    ///   - scheme: the chain, and what is signed on it.
    /// - Throws: `ProviderError` with the code `invalidRequest` when the seed is invalid.
    package init(seed: SecretBytes, on scheme: EVMScheme) throws(ProviderError) {
        keys = try EVMKeys(seed: seed, scheme: scheme)
    }

    /// The signer of wallets on TON.
    ///
    /// - Parameters:
    ///   - seed: the Ed25519 seed of the wallet that pays out (32 bytes); the other wallets' seeds are derived from it.
    ///   - scheme: the network and the kind of wallets.
    /// - Throws: `ProviderError` with the code `invalidRequest` when the seed is invalid.
    package init(seed: SecretBytes, on scheme: TONScheme) throws(ProviderError) {
        keys = try TONKeys(seed: seed, scheme: scheme)
    }

    /// The key from which options' public keys can be derived, on an EVM chain.
    package var parentOfOptions: ParentKey? { keys.parentOfOptions }

    /// The public key of a wallet.
    ///
    /// - Throws: `ProviderError`.
    package func publicKey(of wallet: OwnWallet) throws(ProviderError) -> [UInt8] { try keys.publicKey(of: wallet) }

    /// The account of a wallet, in the rail's canonical form.
    ///
    /// - Throws: `ProviderError`.
    package func account(of wallet: OwnWallet) throws(ProviderError) -> String { try keys.account(of: wallet) }

    /// Checks an intent against the policy, and signs its content.
    ///
    /// - Throws: `ProviderError` with the code `refused` when the policy does not allow it.
    package func sign(
        _ intent: SigningIntent,
        under permit: SigningPermit
    ) async throws(ProviderError) -> [UInt8] {
        let content = try keys.read(intent)
        try SigningPolicy(keys: keys).check(intent, content, under: permit)
        return try keys.sign(intent.content, by: intent.wallet)
    }
}
