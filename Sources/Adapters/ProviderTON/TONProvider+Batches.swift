import Money
import Payments
package import Providers
import Seams
import TON

extension TONProvider: BatchSending {
    // In nanotons: each transfer of a batch pays its forwarding fee twice, as a part of the list and on its own.
    private static let listedFee: UInt128 = 2_000_000

    /// The number of messages in one request of the wallet.
    package var maximumBatch: Int {
        switch wallet {
        case .numbered(let wallet): wallet.version.maximumMessages
        case .highload: HighloadWallet.maximumMessages
        }
    }

    /// Signs one request for several orders.
    ///
    /// - Throws: `ProviderError`.
    package func prepare(
        _ orders: [TransferOrder],
        after sequence: Int64?,
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedBatch {
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
        let messages = selection.chosen.map(\.message)
        let request: Request
        do throws(TONError) {
            request =
                switch wallet {
                case .numbered(let wallet):
                    try sign(messages, by: wallet, permit, at: head.time, deploying: state.code == nil)
                case .highload(let wallet):
                    try sign(messages, by: wallet, after: sequence, at: head.time, deploying: state.code == nil)
                }
            let bytes = try request.signed.serialized()
            var batch = PreparedBatch(prepared: [:], refused: selection.refused)
            for (position, choice) in selection.chosen.enumerated() {
                batch.prepared[choice.order] = PreparedTransfer(
                    bytes: bytes,
                    hash: request.signed.normalizedHash.description,
                    sequence: request.number,
                    validUntil: request.end,
                    position: position
                )
            }
            return batch
        } catch { throw ProviderError(.invalidRequest, "\(error)") }
    }

    /// A signed request.
    private struct Request {
        let signed: SignedTransfer
        let number: Int64
        /// Until when the wallet can take it; nil when it has no end.
        let end: Timestamp?
    }

    /// Signs with the number that was compared with the books, and no other.
    private func sign(
        _ messages: [WalletMessage],
        by wallet: Wallet,
        _ permit: SigningPermit,
        at time: Timestamp,
        deploying: Bool
    ) throws(TONError) -> Request {
        guard let number = permit.number else {
            throw TONError(.malformedStructure, "the permit is not of a wallet that takes numbers in turn")
        }
        let seqno = UInt32(clamping: number)
        let end = time.advanced(by: configuration.transferLifetime)
        let signed = try wallet.sign(
            messages,
            seqno: seqno,
            validUntil: UInt32(clamping: end.seconds),
            with: signingKey,
            deploying: deploying
        )
        // A request that deploys the wallet has no end.
        return Request(signed: signed, number: Int64(seqno), end: seqno == 0 ? nil : end)
    }

    /// Signs with a number that grows with the clock and is never used again, even after the database was restored from a
    /// copy or the clock was set back.
    private func sign(
        _ messages: [WalletMessage],
        by wallet: HighloadWallet,
        after sequence: Int64?,
        at time: Timestamp,
        deploying: Bool
    ) throws(TONError) -> Request {
        let number = max(clock.now().milliseconds, (sequence ?? 0) + 1)
        let signed = try wallet.sign(
            messages,
            sequence: UInt64(clamping: number),
            createdAt: UInt64(clamping: time.seconds),
            with: signingKey,
            deploying: deploying
        )
        return Request(signed: signed, number: number, end: time.advanced(by: .seconds(Int64(wallet.timeout))))
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
