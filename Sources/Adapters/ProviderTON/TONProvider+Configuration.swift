package import Providers
import Seams
import TON

/// Checks of the configuration against the chain.
extension TONProvider {
    /// Checks the node's network and the addresses of our jetton wallets.
    ///
    /// With a wrong code or layout, jetton payments would be looked for at the wrong address.
    ///
    /// - Throws: `ProviderError`; with the code `refused` when the chain is another, `unavailable` when the node does
    ///   not answer.
    package func checkConfiguration() async throws(ProviderError) {
        clock.observe(try await client.head().time, from: key, as: .chain)
        for jetton in configuration.jettons { try await check(jetton) }
    }

    private func check(_ jetton: Jetton) async throws(ProviderError) {
        let computed: TONAddress
        do { computed = try jetton.wallet(of: address) } catch { throw ProviderError(.malformed, error.description) }
        let stated = try await client.jettonWallet(of: address, master: jetton.master)
        guard stated == computed else {
            throw ProviderError(
                .refused,
                "the jetton wallet of \(jetton.asset) is \(stated), not \(computed): correct wallet_code or layout"
            )
        }
    }
}
