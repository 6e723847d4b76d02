import Ledger
package import Money
package import Payments
import Providers
import Seams
import Storage

/// A merchant's request for a payout.
package struct PayoutRequest: Sendable {
    /// The amount to send, without the network's fees.
    package let amount: Amount
    /// The receiver's address, in the rail's own form.
    package let destination: String
    /// The text that the receiver reads.
    package let comment: String?
    /// Whether somebody else has to approve it first.
    package let needsApproval: Bool

    /// A request for a payout.
    package init(amount: Amount, destination: String, comment: String?, needsApproval: Bool) {
        self.amount = amount
        self.destination = destination
        self.comment = comment
        self.needsApproval = needsApproval
    }
}

extension Settlement {
    /// Requests a payout of a merchant's money, which is set aside at once.
    ///
    /// A repeated call with the same identifier returns the existing payout.
    ///
    /// - Throws: ``SettlementError``.
    /// - Returns: the payout.
    package func requestPayout(
        _ request: PayoutRequest,
        by merchant: MerchantID,
        id: PayoutID
    ) async throws -> OutgoingTransfer {
        let now = clock.now()
        let payers = providers.providers.filter { provider in
            provider.capabilities.paysOut && provider.send != nil
                && provider.capabilities.assets.contains(request.amount.asset)
        }
        guard let provider = payers.first else {
            throw SettlementError(.unsupported, "no provider pays \(request.amount.asset) out", parameter: "asset")
        }
        guard request.amount.isPositive else {
            throw SettlementError(.invalidRequest, "the amount has to be more than zero", parameter: "amount")
        }
        return try await write(for: merchant) { session in
            if let existing = try session.outgoing(id.text) { return existing }
            try check(destination: request.destination, for: request.amount.asset, at: provider, in: session)
            let order = TransferOrder(
                id: id.text,
                amount: request.amount,
                destination: request.destination,
                comment: request.comment
            )
            try check(cost: order, at: provider, now: now)
            let account = AccountID.merchantBalance(merchant)
            try checkFunds(for: request.amount, of: merchant, at: now, in: session)
            var status = PayoutStateMachine()
            if !request.needsApproval { try approve(&status) }
            let transfer = OutgoingTransfer(
                purpose: .payout(id),
                merchant: merchant,
                provider: provider.key,
                amount: request.amount,
                destination: request.destination,
                comment: request.comment,
                status: status,
                createdAt: now
            )
            try session.insert(transfer)
            try reserve(transfer, from: [(account, request.amount)], at: now, in: session)
            try announce(.created, transfer, at: now, in: session)
            return transfer
        }
    }

    /// Refuses to pay out more than the part of the merchant's balance that no rail holds back any more.
    private func checkFunds(
        for amount: Amount,
        of merchant: MerchantID,
        at now: Timestamp,
        in session: any SQLSession
    ) throws {
        let balance = try session.balance(.merchantBalance(merchant), of: merchant, asset: amount.asset).negated()
        guard try amount.compared(to: balance) != .greater else {
            throw SettlementError(.insufficientFunds, "the balance does not cover the payout", parameter: "amount")
        }
        let held = try session.heldPayments(of: merchant, asset: amount.asset, at: now)
        let free = try balance.subtracting(Amount.sum(held.map(\.amount), asset: amount.asset))
        guard try amount.compared(to: free) != .greater else {
            let until = held.last.map { " until \($0.availableAt)" } ?? ""
            throw SettlementError(.insufficientFunds, "a part of the balance is held back\(until)", parameter: "amount")
        }
    }

    private func approve(_ status: inout PayoutStateMachine) throws(SettlementError) {
        do throws(PaymentsError) { _ = try status.apply(.approved) } catch { throw SettlementError(error) }
    }

    /// Approves or cancels a payout before anything was signed.
    ///
    /// - Throws: ``SettlementError``; with ``SettlementError/Code/invalidState`` when it is too late.
    /// - Returns: the payout.
    package func decidePayout(_ id: PayoutID, of merchant: MerchantID, approve: Bool) async throws -> OutgoingTransfer {
        let now = clock.now()
        return try await write(for: merchant) { session in
            guard let stored = try session.outgoing(id.text), stored.merchant == merchant else {
                throw SettlementError(.notFound, "there is no payout \(id)")
            }
            var updated = stored
            let action: PayoutStateMachine.Action
            do throws(PaymentsError) { action = try updated.status.apply(approve ? .approved : .cancelled) } catch {
                throw SettlementError(error)
            }
            guard action != .none else { return stored }
            if action == .releaseFunds { updated.finishedAt = now }
            try store(&updated, from: stored, nextAttemptAt: now, in: session)
            if action == .releaseFunds { try release(updated, fee: nil, at: now, in: session) }
            return updated
        }
    }
}
