import Money
import Payments
import Providers
import Records
import Seams
import Storage

/// Holds a wallet when something left by its key that was not signed here.
extension ObservationRecorder {
    /// Our transfers that were signed with the request that was seen to leave.
    func ours(in sent: SentTransfer, in session: any SQLSession) throws -> [OutgoingTransfer] {
        let sender = settlement.providers.provider(providerKey)?.send
        return try session.transfers(hash: sent.hash).filter { transfer in
            guard let prepared = transfer.prepared, let sender else { return true }
            return sender.made(sent, by: prepared)
        }
    }

    /// The difference between what our transfers asked for and what they moved; nil when there is none.
    ///
    /// The transfers are booked with what they asked for, the difference is booked with a case.
    func unasked(_ sent: SentTransfer, of transfers: [OutgoingTransfer]) throws -> AccountMovement? {
        // A transfer that moved nothing has failed, and is not booked.
        guard let moved = sent.moved, !moved.isZero else { return nil }
        let asked = transfers.map(\.amount).filter { $0.asset == moved.asset }
        guard !asked.isEmpty else { return nil }
        let rest = try Amount.sum(asked, asset: moved.asset).subtracting(moved)
        guard !rest.isZero else { return nil }
        // A token may write several logs for one transfer: they are one movement.
        return AccountMovement(
            naturalKey: NaturalKey("sent otherwise", sent.hash, moved.asset.text),
            kind: .unexplained,
            amount: rest,
            reason: "a transfer of ours moved another amount than it was asked for",
            place: sent.movement.place,
            occurredAt: sent.movement.occurredAt
        )
    }

    /// Stores a spend for the list that a person reviews, and holds the wallet.
    ///
    /// The key of an option's own account, or of the wallet for fees, never pays others. When it does, somebody else
    /// has the seed of all keys, and all of the provider's wallets are held.
    func stop(for sent: SentTransfer, in session: any SQLSession) throws {
        guard let signature = sent.signature else { return }
        let wallets = try session.wallets(of: providerKey)
        let own = wallets.first { $0.wallet == signature.wallet }
        // A spend that had vanished and comes back is listed again, whatever was accepted since.
        let isBack = try !session.spends(of: sent.naturalKey).isEmpty
        if !isBack, let own, try wasThereBefore(sent, signature, own, in: session) { return }
        if own?.paysOthers != true, signature.payments.isEmpty { return }
        try store(sent, signature, isBack: isBack, in: session)
        let sentence = "\(signature.evidence) was not signed here"
        let held = own?.paysOthers == true ? wallets.filter { $0.wallet == signature.wallet } : wallets
        for wallet in held {
            try settlement.hold(wallet.wallet, of: providerKey, .spent, sentence, at: now, in: session)
        }
    }

    /// Whether it happened before the gateway met the wallet, or a person has accepted it.
    private func wasThereBefore(
        _ sent: SentTransfer,
        _ signature: WalletSignature,
        _ wallet: WalletRecord,
        in session: any SQLSession
    ) throws -> Bool {
        guard let number = signature.number else { return sent.movement.occurredAt < wallet.metAt }
        if number < wallet.acceptedBelow { return true }
        return try session.acceptedNumbers(of: wallet.wallet, at: providerKey).contains(number)
    }

    private func store(
        _ sent: SentTransfer,
        _ signature: WalletSignature,
        isBack: Bool,
        in session: any SQLSession
    ) throws {
        let payments: [SentPayment?] = signature.payments.isEmpty ? [nil] : signature.payments
        for (position, payment) in payments.enumerated() {
            let spend = WalletSpend(
                key: sent.naturalKey,
                position: position,
                provider: providerKey,
                wallet: signature.wallet,
                number: signature.number,
                evidence: signature.evidence,
                movement: sent.movement.amount,
                payment: payment.map {
                    .init(destination: $0.destination, amount: $0.amount, comment: $0.comment, tag: $0.tag)
                },
                occurredAt: sent.movement.occurredAt
            )
            try session.insert(spend, at: now)
            if let payment { try askAgain(about: payment, in: session) }
        }
        for spend in try session.spends(of: sent.naturalKey) where spend.transfer != nil {
            try settlement.findAgain(spend, at: now, in: session)
        }
        if isBack { try settlement.explainRest(of: signature.evidence, at: providerKey, now, in: session) }
    }

    /// Forgets the review of each transfer that this payment may be: the person had not seen the payment.
    private func askAgain(about payment: SentPayment, in session: any SQLSession) throws {
        guard let sender = settlement.providers.provider(providerKey)?.send else { return }
        for id in try session.reviewedTransfers() {
            guard let transfer = try session.outgoing(id), transfer.provider == providerKey,
                let wanted = sender.appearance(of: TransferOrder(transfer)), payment.likeness(to: wanted) != nil
            else { continue }
            try session.forgetReview(of: id)
        }
    }
}

extension SentTransfer {
    /// The payments of a foreign request in other assets than that of the account it was seen on: jettons, whose
    /// leaving only the wallet's own message shows.
    func movementsOfOtherAssets() throws -> [(movement: AccountMovement, payment: SentPayment)] {
        try (signature?.payments ?? []).enumerated().compactMap { position, payment in
            guard payment.amount.asset != movement.amount.asset else { return nil }
            let left = AccountMovement(
                naturalKey: naturalKey.payment(at: position),
                kind: movement.kind,
                amount: try payment.amount.negated(),
                reason: movement.reason,
                place: movement.place,
                occurredAt: movement.occurredAt
            )
            return (left, payment)
        }
    }
}

extension NaturalKey {
    /// The key of one of the payments of a movement.
    func payment(at position: Int) -> Self { Self(stored: "\(text) payment \(position)") }
}
