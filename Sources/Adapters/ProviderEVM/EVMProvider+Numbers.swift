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
        let (next, pending) = try await payer.nonces(of: account)
        return WalletReading(
            wallet: account.lowercased,
            numbers: .inTurn(next: Int64(clamping: next), pending: Int64(clamping: pending)),
            paysOthers: !isGas
        )
    }

    /// Looks at the nonces of the account that pays out: after the last final block, after the newest one, and with the
    /// requests that nodes keep; and at the receipts of requests whose nonces are taken.
    ///
    /// The receipts only tell whether somebody else signs with the key. Nodes are asked again when they have a new block
    /// or something was sent.
    ///
    /// - Throws: `ProviderError`.
    package func look(forUnseen unseen: [PreparedTransfer]) async throws(ProviderError) -> LaneView? {
        let tip = try await payer.tip(configuration.finality)
        if let known = cache.view(at: tip), unseen.allSatisfy({ ($0.sequence ?? 0) >= known.takenBelow }) {
            return known
        }
        let decided = try await finalNonce(at: tip.final)
        let (taken, kept) = try await payer.nonces(of: hotAddress)
        var shown: Set<Int64> = []
        var hashes: [EVMHash: Int64] = [:]
        for transfer in unseen {
            guard let number = transfer.sequence, UInt64(clamping: number) < taken else { continue }
            for variant in try SignedVariants(decoding: transfer.bytes).variants {
                hashes[EVMHash(of: variant.raw)] = number
            }
        }
        for hash in try await payer.inBlocks(Set(hashes.keys)) {
            if let number = hashes[hash] { shown.insert(number) }
        }
        let view = LaneView(
            decidedBelow: Int64(clamping: decided),
            takenBelow: Int64(clamping: taken),
            keptBelow: Int64(clamping: kept),
            shown: shown
        )
        cache.keep(view, at: tip)
        return view
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
