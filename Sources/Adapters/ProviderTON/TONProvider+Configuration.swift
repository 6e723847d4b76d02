package import Providers
import Seams
import TON

/// What the chain says of the configuration.
extension TONProvider {
    /// Has the node name its network, and the chain say where our jetton wallets are: with another code or layout they
    /// would be looked for where no customer pays.
    ///
    /// - Throws: `ProviderError`; with the code `refused` when the chain is another, `unavailable` when the node does not
    ///   answer.
    package func checkConfiguration() async throws(ProviderError) {
        clock.hear(try await client.head().time, from: key, as: .chain)
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
