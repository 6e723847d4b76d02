import EVM
package import Payments
package import Providers

/// The nonces that the accounts' keys have used on the chain.
extension EVMProvider {
    /// The account that pays out, and the one that pays the gas of gathering.
    package var wallets: [String] { [hotAddress.lowercased, gasAddress.lowercased] }

    /// Reads the confirmed and the pending nonce of an account.
    ///
    /// - Throws: `ProviderError`.
    package func readWallet(
        _ wallet: String?,
        scannedTo position: String?
    ) async throws(ProviderError) -> WalletReading {
        let isGas = wallet == gasAddress.lowercased
        let account = isGas ? gasAddress : hotAddress
        let next = try await client.latestNonce(of: account)
        let pending = max(next, try await client.pendingNonce(of: account))
        return WalletReading(
            wallet: account.lowercased,
            numbers: .inTurn(next: Int64(clamping: next), pending: Int64(clamping: pending)),
            paysOthers: !isGas
        )
    }

    /// An order as it appears in its chain transaction or its token's log.
    package func appearance(of order: TransferOrder) -> SentPayment? {
        guard let destination = try? EVMAddress(order.destination) else { return nil }
        return SentPayment(destination: destination.lowercased, amount: order.amount)
    }

    /// Whether a chain transaction is one of the signed ones, of which several have the same number.
    package func made(_ sent: SentTransfer, by prepared: PreparedTransfer) -> Bool {
        guard let evidence = sent.signature?.evidence, let signed = try? SignedVariants(decoding: prepared.bytes) else {
            return false
        }
        return signed.variants.contains { EVMHash(of: $0.raw).description == evidence }
    }
}
