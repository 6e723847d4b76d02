public import Providers
import Seams
import TON

/// What the chain says of the configuration.
extension TONProvider {
    /// Has the node name its network, and the chain say where our jetton wallets are: with another code or layout they
    /// would be looked for where no customer pays.
    ///
    /// - Throws: `ProviderError`; nothing when the node does not answer, which is no reason not to start.
    public func checkConfiguration() async throws(ProviderError) {
        do throws(ProviderError) {
            _ = try await client.head()
            for jetton in configuration.jettons { try await check(jetton) }
        } catch {
            guard error.code == .unavailable else { throw error }
        }
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
