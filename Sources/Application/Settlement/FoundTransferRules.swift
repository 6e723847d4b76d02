import Ledger
import Money
import Payments
import Records
import Seams

/// What was read about a request of a wallet that was not signed here.
struct ForeignRequest {
    /// What it has sent.
    var spends: [WalletSpend]
    /// The transfers of ours that a person has found among them.
    var transfers: [String: OutgoingTransfer]
    /// The open cases about its movements and their payments.
    let cases: [NaturalKey: [ExceptionCase]]
}

/// Decides what changes when a person has found a transfer of ours among a wallet's spends.
struct FoundTransferRules {
    private var request: ForeignRequest

    init(_ request: ForeignRequest) { self.request = request }

    /// Completes a transfer with a spend that was booked as unexplained.
    ///
    /// - Returns: the transfer as it is then.
    mutating func complete(
        _ stored: OutgoingTransfer,
        with spend: WalletSpend,
        in draft: inout Draft
    ) throws -> OutgoingTransfer {
        guard spend.payment?.amount == stored.amount else {
            throw SettlementError(.invalidRequest, "another amount has left", parameter: "spend")
        }
        draft.add(.wallet(.assigned(spend, to: stored)))
        let id = stored.purpose.id
        request.spends = request.spends.map { other in
            var other = other
            if (other.key, other.position) == (spend.key, spend.position) {
                other.transfer = id
            } else if other.transfer == id {
                other.transfer = nil
            }
            return other
        }
        return try end(stored, with: spend, in: &draft)
    }

    /// Completes a transfer once more when its spend had vanished from the chain and is back.
    ///
    /// When something else has become of the transfer, the spend is unassigned.
    mutating func findAgain(_ stored: OutgoingTransfer, in spend: WalletSpend, in draft: inout Draft) throws {
        guard stored.isUnsent else { return draft.add(.wallet(.unassigned(spend))) }
        _ = try end(stored, with: spend, in: &draft)
    }

    private mutating func end(
        _ stored: OutgoingTransfer,
        with spend: WalletSpend,
        in draft: inout Draft
    ) throws -> OutgoingTransfer {
        let id = stored.purpose.id
        draft.add(.wallet(.forgotReview(of: stored)))
        var updated = stored
        do throws(PaymentsError) { _ = try updated.status.apply(.foundSent) } catch { throw SettlementError(error) }
        updated.finishedAt = draft.now
        updated.failure = nil
        updated = draft.update(updated, from: stored, nextAttemptAt: draft.now)
        request.transfers[id] = updated
        let postings = [
            Posting(account: stored.reservedAccount, amount: stored.amount),
            Posting(account: .suspense(stored.provider), amount: try stored.amount.negated()),
        ]
        try draft.post(.transferSent, of: .transfer(stored), at: draft.now, postings)
        close(spend.key.payment(at: spend.position), with: id, in: &draft)
        try explainRest(in: &draft)
        let ended = request.transfers[id] ?? updated
        draft.tell(.transfer(.completed, ended))
        return ended
    }

    /// Closes the cases about something that has left, because it is a transfer of ours.
    private func close(_ key: NaturalKey, with transfer: String, in draft: inout Draft) {
        for open in request.cases[key] ?? [] {
            draft.close(open, .init(.assigned, object: transfer, at: draft.now))
        }
    }

    /// Books the network's fee of the request once every receiver is known: it is the rest of what the request took, and
    /// each transfer bears its share.
    mutating func explainRest(in draft: inout Draft) throws {
        let all = request.spends
        let found = all.compactMap(\.transfer).compactMap { request.transfers[$0] }
        guard let first = found.first, found.count == all.count(where: { $0.payment != nil }),
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
            guard try !fee.isPositive || charge(fee, to: found.map(\.purpose.id), in: &draft) else { continue }
            for key in changes.keys.sorted(by: { $0.text < $1.text }) {
                close(key, with: first.purpose.id, in: &draft)
            }
        }
    }

    /// Shares a fee among the transfers of one chain transaction.
    ///
    /// - Returns: whether it was booked; false when a transfer bears another fee already.
    private mutating func charge(_ fee: Amount, to transfers: [String], in draft: inout Draft) throws -> Bool {
        let current = transfers.compactMap { request.transfers[$0] }
        guard current.allSatisfy({ $0.networkFee == nil }) else { return false }
        let parts = try fee.split(into: current.count)
        for (stored, part) in zip(current, parts) where part.isPositive {
            var updated = stored
            updated.networkFee = part
            request.transfers[stored.purpose.id] = draft.update(updated, from: stored, nextAttemptAt: draft.now)
            let postings = [
                Posting(account: .networkFees, amount: part),
                Posting(account: .suspense(stored.provider), amount: try part.negated()),
            ]
            try draft.post(.networkFee, of: .transfer(stored), at: draft.now, postings)
        }
        return true
    }
}
