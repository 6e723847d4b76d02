import Ledger
import Money
import Payments
import Records
import Seams
import Storage

/// Transfers that a person has found among a wallet's spends.
extension Settlement {
    /// Completes a transfer with a spend that was booked as unexplained.
    func complete(
        _ stored: OutgoingTransfer,
        with spend: WalletSpend,
        at now: Timestamp,
        in session: any SQLSession
    ) throws -> OutgoingTransfer {
        guard spend.payment?.amount == stored.amount else {
            throw SettlementError(.invalidRequest, "another amount has left", parameter: "spend")
        }
        guard try session.assign(spend, to: stored.purpose.id) else {
            let reason = "it was assigned to another transfer before, or is no longer in the chain"
            throw SettlementError(.invalidState, reason, parameter: "spend")
        }
        try session.forgetReview(of: stored.purpose.id)
        return try end(stored, with: spend, at: now, in: session)
    }

    /// Completes a transfer once more when its spend had vanished from the chain and is back.
    ///
    /// When something else has become of the transfer, the spend is unassigned.
    func findAgain(_ spend: WalletSpend, at now: Timestamp, in session: any SQLSession) throws {
        guard let id = spend.transfer, let stored = try session.outgoing(id) else { return }
        guard stored.isUnsent else { return try session.unassign(spend) }
        try session.forgetReview(of: id)
        _ = try end(stored, with: spend, at: now, in: session)
    }

    private func end(
        _ stored: OutgoingTransfer,
        with spend: WalletSpend,
        at now: Timestamp,
        in session: any SQLSession
    ) throws -> OutgoingTransfer {
        var updated = stored
        do throws(PaymentsError) { _ = try updated.status.apply(.foundSent) } catch { throw SettlementError(error) }
        updated.finishedAt = now
        updated.failure = nil
        try store(&updated, from: stored, nextAttemptAt: now, in: session)
        let postings = [
            Posting(account: stored.reservedAccount, amount: stored.amount),
            Posting(account: .suspense(stored.provider), amount: try stored.amount.negated()),
        ]
        try post(.transferSent, of: .transfer(stored), at: now, postings, in: session)
        for open in try session.openCases(of: spend.key.payment(at: spend.position)) {
            try close(open, .init(.assigned, object: stored.purpose.id, at: now), in: session)
        }
        try explainRest(of: spend.evidence, at: stored.provider, now, in: session)
        let ended = try session.outgoing(stored.purpose.id) ?? updated
        try announce(.completed, ended, at: now, in: session)
        return ended
    }

    /// Books the network's fee of a request once every receiver is known: it is the rest of what the request took, and
    /// each transfer bears its share.
    func explainRest(
        of evidence: String,
        at provider: String,
        _ now: Timestamp,
        in session: any SQLSession
    ) throws {
        let all = try session.spends(evidence: evidence, of: provider)
        let found = try all.compactMap(\.transfer).compactMap { try session.outgoing($0) }
        guard !found.isEmpty, found.count == all.count(where: { $0.payment != nil }),
            found.allSatisfy({ $0.status.state == .completed })
        else { return }
        // A request may be carried out by several movements: a highload wallet takes it by one and sends by the next.
        var movements: [AssetID: [NaturalKey: Amount]] = [:]
        for spend in all { movements[spend.movement.asset, default: [:]][spend.key] = spend.movement }
        for (asset, changes) in movements.sorted(by: { $0.key.text < $1.key.text }) {
            let paid = all.compactMap(\.payment?.amount).filter { $0.asset == asset }
            let left = try Amount.sum(Array(changes.values), asset: asset).negated()
            let fee = try left.subtracting(Amount.sum(paid, asset: asset))
            // A transfer names one fee: the fee that a token keeps besides the network's waits with its case.
            guard try !fee.isPositive || charge(fee, to: found, at: now, in: session) else { continue }
            for key in changes.keys.sorted(by: { $0.text < $1.text }) {
                for open in try session.openCases(of: key) {
                    try close(open, .init(.assigned, object: found[0].purpose.id, at: now), in: session)
                }
            }
        }
    }

    /// Shares a fee among the transfers of one chain transaction.
    ///
    /// - Returns: whether it was booked; false when a transfer bears another fee already.
    private func charge(
        _ fee: Amount,
        to transfers: [OutgoingTransfer],
        at now: Timestamp,
        in session: any SQLSession
    ) throws -> Bool {
        let current = try transfers.compactMap { try session.outgoing($0.purpose.id) }
        guard current.allSatisfy({ $0.networkFee == nil }) else { return false }
        let parts = try fee.split(into: current.count)
        for (stored, part) in zip(current, parts) where part.isPositive {
            var updated = stored
            updated.networkFee = part
            try store(&updated, from: stored, nextAttemptAt: now, in: session)
            let postings = [
                Posting(account: .networkFees, amount: part),
                Posting(account: .suspense(stored.provider), amount: try part.negated()),
            ]
            try post(.networkFee, of: .transfer(stored), at: now, postings, in: session)
        }
        return true
    }
}

extension OutgoingTransfer {
    /// Whether the transfer may still be sent, and nothing that was signed here can send it.
    var isUnsent: Bool {
        switch status.state {
        case .awaitingApproval, .awaitingPayment: true
        case .unknown: prepared == nil
        case .inProgress, .completed, .failed, .cancelled: false
        }
    }
}
