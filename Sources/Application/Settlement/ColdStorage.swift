import Ledger
package import Money
package import Payments
import Providers
import Seams
import Storage

/// How much of an asset a wallet that pays out may hold, because its key is online.
package struct ColdStorageRule: Hashable, Sendable {
    /// The provider with the wallet.
    package let provider: String
    /// The address of the wallet whose key is kept offline, in the rail's own form.
    package let address: String
    /// Above this, money moves to cold storage.
    package let above: Amount
    /// How much stays: well below ``above``, so that money does not move at every payment.
    package let downTo: Amount

    /// A limit.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/invalidRequest`` when `downTo` is not less than
    ///   `above`.
    package init(provider: String, address: String, above: Amount, downTo: Amount) throws {
        guard try downTo.compared(to: above) == .less, !downTo.isNegative else {
            throw SettlementError(.invalidRequest, "the amount that stays has to be below the limit, and not negative")
        }
        self.provider = provider
        self.address = address
        self.above = above
        self.downTo = downTo
    }
}

extension Settlement {
    /// Moves money to cold storage when the wallet holds more than it may, beyond what waits to be paid out.
    ///
    /// One move at a time: while one is under way, nothing happens.
    ///
    /// - Throws: ``SettlementError``, `ProviderError` when the rail does not report the balance, and what the database
    ///   throws.
    /// - Returns: the transfer; nil when nothing has to move.
    package func enforce(_ rule: ColdStorageRule) async throws -> OutgoingTransfer? {
        let provider = try provider(rule.provider)
        guard let state = provider.state, provider.send != nil else {
            throw SettlementError(.unsupported, "\(rule.provider) has no wallet to empty")
        }
        let asset = rule.above.asset
        let held = try await state.balances(of: []).balances.first { $0.asset == asset } ?? .zero(asset)
        let now = clock.now()
        let id: PayoutID = identifiers.next()
        return try await database.write { session in
            let open = try session.openOutgoing(provider: rule.provider, asset: asset)
            guard !open.contains(where: { $0.destination == rule.address && $0.merchant == operatorMerchant }) else {
                return nil
            }
            let free = try held.subtracting(Amount.sum(open.map(\.amount), asset: asset))
            guard try free.compared(to: rule.above) == .greater else { return nil }
            let amount = try free.subtracting(rule.downTo)
            var status = PayoutStateMachine()
            do throws(PaymentsError) { _ = try status.apply(.approved) } catch { throw SettlementError(error) }
            let transfer = OutgoingTransfer(
                purpose: .payout(id),
                merchant: operatorMerchant,
                provider: rule.provider,
                amount: amount,
                destination: rule.address,
                reason: "the wallet held more than it may",
                status: status,
                createdAt: now
            )
            var draft = try draft(about: [operatorMerchant], at: now, in: session)
            try draft.request(transfer, from: [(.coldStorage(rule.provider), amount)])
            return try applier(at: now, in: session).apply(draft.decided(transfer))
        }
    }
}
