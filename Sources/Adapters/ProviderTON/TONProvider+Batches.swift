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

    /// Signs one request for as many orders, from the first one on, as the network takes in one message; the others wait.
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
        do { try cut(&selection) } catch { throw ProviderError(.invalidRequest, error.description) }
        guard !selection.chosen.isEmpty else {
            if selection.lacksMoney, selection.refused.isEmpty {
                throw ProviderError(.unavailable, "the wallet \(address) holds too little; top it up")
            }
            return PreparedBatch(prepared: [:], refused: selection.refused)
        }
        do {
            let request = try request(for: selection, permit, after: sequence, at: head.time)
            let intent = SigningIntent(
                wallet: .payouts,
                number: request.number,
                purpose: .orders(selection.chosen.map(\.order)),
                content: try request.content.serialized()
            )
            let signature = try await signer.sign(intent, under: permit)
            let signed =
                switch wallet {
                case .numbered(let wallet):
                    try wallet.request(request.content, signature: signature, deploying: state.code == nil)
                case .highload(let wallet):
                    try wallet.request(request.content, signature: signature, deploying: state.code == nil)
                }
            let bytes = try signed.serialized()
            var batch = PreparedBatch(prepared: [:], refused: selection.refused)
            for (position, choice) in selection.chosen.enumerated() {
                batch.prepared[choice.order.id] = PreparedTransfer(
                    bytes: bytes,
                    hash: signed.normalizedHash.description,
                    sequence: request.number,
                    validUntil: request.end,
                    position: position
                )
            }
            return batch
        } catch { throw error as? ProviderError ?? ProviderError(.invalidRequest, "\(error)") }
    }

    /// A request that is not signed yet.
    private struct Request {
        let content: Cell
        let number: Int64
        /// Until when the wallet can take it; nil when it has no end.
        let end: Timestamp?
    }

    /// Composes a request for orders: with the number that was compared with the books and no other, or in a highload
    /// wallet with one that grows with the clock and is never used again, even after the database was restored from a
    /// copy or the clock was set back.
    private func request(
        for selection: Selection,
        _ permit: SigningPermit,
        after sequence: Int64?,
        at time: Timestamp
    ) throws(TONError) -> Request {
        let messages = selection.chosen.map(\.message)
        switch wallet {
        case .numbered(let wallet):
            guard let number = permit.number else {
                throw TONError(.malformedStructure, "the permit is not of a wallet that takes numbers in turn")
            }
            let seqno = UInt32(clamping: number)
            let end = time.advanced(by: configuration.transferLifetime)
            let validUntil = UInt32(clamping: end.seconds)
            let content = try wallet.content(messages, seqno: seqno, validUntil: validUntil)
            // A request that deploys the wallet has no end.
            return Request(content: content, number: Int64(seqno), end: seqno == 0 ? nil : end)
        case .highload(let wallet):
            let number = max(clock.now().milliseconds, (sequence ?? 0) + 1)
            let createdAt = UInt64(clamping: time.seconds)
            let content = try wallet.content(messages, sequence: UInt64(clamping: number), createdAt: createdAt)
            let end = time.advanced(by: .seconds(Int64(wallet.timeout)))
            return Request(content: content, number: number, end: end)
        }
    }

    /// The orders of a batch, as far as the money reaches.
    private struct Selection {
        var chosen: [(order: TransferOrder, message: WalletMessage)] = []
        var refused: [String: String] = [:]
        var lacksMoney = false
        /// The coins that are still available.
        var coins: UInt128
        var jettons: [AssetID: UInt128] = [:]

        init(coins: UInt128) {
            self.coins = coins > TONProvider.reserve ? coins - TONProvider.reserve : 0
        }
    }

    /// Leaves out the orders that one request cannot carry; one that no request can carry is refused.
    private func cut(_ selection: inout Selection) throws(TONError) {
        while let first = selection.chosen.first {
            let count = try wallet.capacity(for: selection.chosen.map(\.message))
            guard count == 0 else {
                selection.chosen.removeLast(selection.chosen.count - count)
                return
            }
            selection.refused[first.order.id] = "its message alone is larger than the network takes"
            selection.chosen.removeFirst()
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
        let cost = message.message.value + Self.listedFee + UInt128(clamping: commentFee(of: order))
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
        selection.chosen.append((order, message))
    }
}
