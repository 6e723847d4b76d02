import Money
import Payments
package import Providers
import Seams
import TON

extension TONProvider: BatchSending {
    // In nanotons: each transfer of a batch pays its forwarding fee twice, as a part of the list and on its own.
    private static let listedFee: UInt128 = 2_000_000

    /// The number of messages in one request of a highload wallet.
    package var maximumBatch: Int { HighloadWallet.maximumMessages }

    /// Signs one request for several orders.
    ///
    /// Its number grows with the clock and is never used again, even after the database was restored from a copy or the
    /// clock was set back.
    ///
    /// - Throws: `ProviderError`.
    package func prepare(
        _ orders: [TransferOrder],
        after sequence: Int64?,
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedBatch {
        guard case .highload(let wallet) = wallet else {
            throw ProviderError(.unsupported, "the wallet sends one request after the other")
        }
        let head = try await freshHead()
        let state = try await payer.account(address)
        var selection = Selection(coins: state.balance)
        for order in orders { try await select(order, into: &selection) }
        guard !selection.chosen.isEmpty else {
            if selection.lacksMoney {
                throw ProviderError(.unavailable, "the wallet \(address) holds too little; top it up")
            }
            return PreparedBatch(prepared: [:], refused: selection.refused)
        }
        let number = max(clock.now().milliseconds, (sequence ?? 0) + 1)
        do {
            let signed = try wallet.sign(
                selection.chosen.map(\.message),
                sequence: UInt64(clamping: number),
                createdAt: UInt64(clamping: head.time.seconds),
                with: signingKey,
                deploying: state.code == nil
            )
            let bytes = try signed.serialized()
            let end = head.time.advanced(by: .seconds(Int64(wallet.timeout)))
            var batch = PreparedBatch(prepared: [:], refused: selection.refused)
            for (position, choice) in selection.chosen.enumerated() {
                batch.prepared[choice.order] = PreparedTransfer(
                    bytes: bytes,
                    hash: signed.normalizedHash.description,
                    sequence: number,
                    validUntil: end,
                    position: position
                )
            }
            return batch
        } catch { throw ProviderError(.invalidRequest, "\(error)") }
    }

    /// The orders of a batch, as far as the money reaches.
    private struct Selection {
        var chosen: [(order: String, message: WalletMessage)] = []
        var refused: [String: String] = [:]
        var lacksMoney = false
        /// The coins that are still available.
        var coins: UInt128
        var jettons: [AssetID: UInt128] = [:]

        init(coins: UInt128) {
            self.coins = coins > TONProvider.reserve ? coins - TONProvider.reserve : 0
        }
    }

    private func select(_ order: TransferOrder, into selection: inout Selection) async throws(ProviderError) {
        var message: WalletMessage
        do { message = try walletMessage(for: order) } catch {
            selection.refused[order.id] = error.reason
            return
        }
        // A transfer that cannot be sent is skipped, and the others are sent.
        message.mode |= 2
        let cost = message.message.value + Self.listedFee
        guard cost <= selection.coins else {
            selection.lacksMoney = true
            return
        }
        if let jetton = jetton(order.amount.asset) {
            let known = selection.jettons[jetton.asset]
            let held = if let known { known } else { try await units(of: jetton.asset, owner: address) }
            selection.jettons[jetton.asset] = held
            guard let units = UInt128(exactly: order.amount.units), units <= held else {
                selection.lacksMoney = true
                return
            }
            selection.jettons[jetton.asset] = held - units
        }
        selection.coins -= cost
        selection.chosen.append((order.id, message))
    }
}
