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
    /// What is done while the network's fee is too high.
    package let onHighFee: HighFeeChoice
    /// The API key that requests it; nil when no key does.
    package let key: APIKeyID?

    /// A request for a payout.
    package init(
        amount: Amount,
        destination: String,
        comment: String?,
        needsApproval: Bool,
        onHighFee: HighFeeChoice = .refuse,
        by key: APIKeyID? = nil
    ) {
        self.amount = amount
        self.destination = destination
        self.comment = comment
        self.needsApproval = needsApproval
        self.onHighFee = onHighFee
        self.key = key
    }
}

/// What a payout would cost and leave, and what would happen to it.
package struct PayoutEstimate: Sendable {
    /// The request.
    package let request: PayoutRequest
    /// The provider that would send it, by its key in the registry.
    package let provider: String
    /// The network's fee of the transfer alone, which the operator bears; nil when it is unknown, or there is none.
    package let fee: ComparedFee?
    /// What would happen to the payout.
    package let prospect: TransferProspect
    /// Whether the merchant's daily limit has it wait for the approval of another key.
    package let needsOtherKey: Bool
    /// The merchant's balance after the payout.
    package let balance: Amount
    /// What no rail holds back of the balance after the payout.
    package let available: Amount
}

/// A decision about a payout that waits for one.
package struct PayoutDecision: Sendable {
    /// The payout.
    package let payout: PayoutID
    /// The merchant that decides.
    package let merchant: MerchantID
    /// The API key that decides; nil when no key does.
    package let key: APIKeyID?
    /// Whether it is approved, and not cancelled.
    package let approves: Bool

    /// A decision to approve a payout, or to cancel it.
    package init(_ payout: PayoutID, of merchant: MerchantID, by key: APIKeyID? = nil, approves: Bool) {
        self.payout = payout
        self.merchant = merchant
        self.key = key
        self.approves = approves
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
        let payer = try payer(of: request.amount)
        return try await write(for: merchant) { session in
            if let existing = try session.outgoing(id.text) { return existing }
            let (plan, cost) = try plan(request, by: merchant, id: id, at: payer, now: now, in: session)
            guard plan.prospect != .refused else { throw try refusal(cost) }
            var status = PayoutStateMachine()
            if plan.prospect != .waitsForApproval { try approve(&status) }
            let transfer = OutgoingTransfer(
                purpose: .payout(id),
                merchant: merchant,
                provider: plan.provider,
                amount: request.amount,
                destination: request.destination,
                comment: request.comment,
                status: status,
                createdAt: now
            )
            var draft = try draft(about: [merchant], at: now, in: session)
            try draft.request(transfer, from: [(AccountID.merchantBalance(merchant), request.amount)])
            let stored = try applier(at: now, in: session).apply(draft.decided(transfer))
            if plan.needsOtherKey {
                let approval = PayoutApproval(payout: id, requestedBy: request.key, approvedBy: nil)
                try session.store(approval, of: merchant)
            }
            return stored
        }
    }

    /// Says what a payout would cost and leave, and what would happen to it; nothing is stored.
    ///
    /// - Throws: ``SettlementError``, as ``requestPayout(_:by:id:)`` does, unless the fee alone is the reason.
    /// - Returns: the estimate.
    package func estimatePayout(_ request: PayoutRequest, by merchant: MerchantID) async throws -> PayoutEstimate {
        let now = clock.now()
        let payer = try payer(of: request.amount)
        let id: PayoutID = identifiers.next()
        return try await database.read { session in
            try plan(request, by: merchant, id: id, at: payer, now: now, in: session).plan
        }
    }

    /// The provider that sends a payout.
    private func payer(of amount: Amount) throws -> any PaymentProvider {
        let provider = try payer(of: amount.asset)
        guard amount.isPositive else {
            throw SettlementError(.invalidRequest, "the amount has to be more than zero", parameter: "amount")
        }
        return provider
    }

    /// The provider that sends payouts of an asset.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/unsupported`` when there is none.
    func payer(of asset: AssetID) throws -> any PaymentProvider {
        let payer = providers.providers.first { provider in
            provider.capabilities.paysOut && provider.send != nil && provider.capabilities.assets.contains(asset)
        }
        guard let payer else {
            throw SettlementError(.unsupported, "no provider pays \(asset) out", parameter: "asset")
        }
        return payer
    }

    /// Decides about a payout after every check; nothing is stored.
    private func plan(
        _ request: PayoutRequest,
        by merchant: MerchantID,
        id: PayoutID,
        at payer: any PaymentProvider,
        now: Timestamp,
        in session: any SQLSession
    ) throws -> (plan: PayoutEstimate, cost: TransferCost) {
        let asset = request.amount.asset
        let account = try check(destination: request.destination, for: asset, at: payer, in: session)
        try check(comment: request.comment, at: payer)
        try requireListed(account, request.comment, for: asset, of: merchant, at: now, in: session)
        let order = TransferOrder(
            id: id.text,
            amount: request.amount,
            destination: request.destination,
            comment: request.comment
        )
        let cost = try cost(of: order, request.onHighFee, at: payer, now: now)
        let left = try funds(after: request.amount, of: merchant, at: now, in: session)
        let needsOtherKey = try needsOtherKey(request.amount, of: merchant, at: now, in: session)
        let waits = (request.needsApproval || needsOtherKey) && cost.prospect != .refused
        let plan = PayoutEstimate(
            request: request,
            provider: payer.key,
            fee: cost.fee,
            prospect: waits ? .waitsForApproval : cost.prospect,
            needsOtherKey: needsOtherKey,
            balance: left.balance,
            available: left.available
        )
        return (plan, cost)
    }

    /// What a payout leaves of the merchant's balance, and of the part that no rail holds back any more.
    ///
    /// - Throws: ``SettlementError`` when that part does not cover the payout.
    private func funds(
        after amount: Amount,
        of merchant: MerchantID,
        at now: Timestamp,
        in session: any SQLSession
    ) throws -> (balance: Amount, available: Amount) {
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
        return (try balance.subtracting(amount), try free.subtracting(amount))
    }

    private func approve(_ status: inout PayoutStateMachine) throws(SettlementError) {
        do throws(PaymentsError) { _ = try status.apply(.approved) } catch { throw SettlementError(error) }
    }

    /// Approves or cancels a payout before anything was signed.
    ///
    /// - Throws: ``SettlementError``; with ``SettlementError/Code/invalidState`` when it is too late, and with
    ///   ``SettlementError/Code/refusedByPolicy`` when another key has to approve it.
    /// - Returns: the payout.
    package func decide(_ decision: PayoutDecision) async throws -> OutgoingTransfer {
        let (now, merchant) = (clock.now(), decision.merchant)
        return try await write(for: merchant) { session in
            guard let stored = try session.outgoing(decision.payout.text), stored.merchant == merchant else {
                throw SettlementError(.notFound, "there is no payout \(decision.payout)")
            }
            if decision.approves, stored.status.state == .awaitingApproval {
                try requireApprovable(stored, by: decision, at: now, in: session)
            }
            var draft = try draft(about: [merchant], at: now, in: session)
            try include(stored, in: &draft, session)
            let decided = try draft.decide(stored, approve: decision.approves)
            return try applier(at: now, in: session).apply(draft.decided(decided))
        }
    }

    /// Refuses to approve a payout that is not covered any more, or that the merchant's own rules do not allow.
    private func requireApprovable(
        _ payout: OutgoingTransfer,
        by decision: PayoutDecision,
        at now: Timestamp,
        in session: any SQLSession
    ) throws {
        guard try session.covers(payout) else {
            let reason = "a payment was taken back by its rail, and the balance is negative"
            throw SettlementError(.insufficientFunds, reason)
        }
        let (asset, merchant) = (payout.amount.asset, decision.merchant)
        let payer = try payer(of: asset)
        let account = try check(destination: payout.destination, for: asset, at: payer, in: session)
        try requireListed(account, payout.comment, for: asset, of: merchant, at: now, in: session)
        try noteApproval(of: decision.payout, by: decision.key, for: merchant, at: now, in: session)
    }
}
