import Money
import Payments
import Providers
import Records
import Seams
import Storage

/// What left by a wallet's key and was not signed here stops that wallet.
extension ObservationRecorder {
    /// The transfers of ours for which something that was seen to leave was signed.
    func ours(in sent: SentTransfer, in session: any SQLSession) throws -> [OutgoingTransfer] {
        let sender = settlement.providers.provider(providerKey)?.send
        return try session.transfers(hash: sent.hash).filter { transfer in
            guard let prepared = transfer.prepared, let sender else { return true }
            return sender.made(sent, by: prepared)
        }
    }

    /// What a transfer of ours moved beyond what it was asked for, or left where it was: the transfer is booked with what was
    /// asked for, and this with a case; nil when both are the same.
    func unasked(_ sent: SentTransfer, of transfers: [OutgoingTransfer]) throws -> AccountMovement? {
        // What moved nothing has failed, and is not booked at all.
        guard let moved = sent.moved, !moved.isZero else { return nil }
        let asked = transfers.map(\.amount).filter { $0.asset == moved.asset }
        guard !asked.isEmpty else { return nil }
        let rest = try Amount.sum(asked, asset: moved.asset).subtracting(moved)
        guard !rest.isZero else { return nil }
        // A token may write several logs for one transfer: what it moved is one thing.
        return AccountMovement(
            naturalKey: NaturalKey("sent otherwise", sent.hash, moved.asset.text),
            kind: .unexplained,
            amount: rest,
            reason: "a transfer of ours moved another amount than it was asked for",
            place: sent.movement.place,
            occurredAt: sent.movement.occurredAt
        )
    }

    /// Keeps what left for the list that a person looks at, and holds the wallet.
    ///
    /// By the key of an account of a single option, or of the wallet for fees, nothing leaves for others; when it does,
    /// the seed of all is known to somebody, and none of the provider's wallets signs.
    func stop(for sent: SentTransfer, in session: any SQLSession) throws {
        guard let signature = sent.signature else { return }
        let wallets = try session.wallets(of: providerKey)
        let own = wallets.first { $0.wallet == signature.wallet }
        // What had vanished and comes back is on the list again, whatever was accepted since.
        let isBack = try !session.spends(of: sent.naturalKey).isEmpty
        if !isBack, let own, try wasThereBefore(sent, signature, own, in: session) { return }
        if own?.paysOthers != true, signature.payments.isEmpty { return }
        try keep(sent, signature, isBack: isBack, in: session)
        let sentence = "\(signature.evidence) was not signed here"
        let held = own?.paysOthers == true ? wallets.filter { $0.wallet == signature.wallet } : wallets
        for wallet in held {
            try settlement.hold(wallet.wallet, of: providerKey, .spent, sentence, at: now, in: session)
        }
    }

    /// Whether it happened before the gateway knew the wallet, or a person has looked at it.
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

    private func keep(
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

    /// Of a transfer that this may have been a person said that it is owed without having seen it.
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
    /// What left with a foreign request in other assets than the one whose account it was seen on: jettons, of whose leaving
    /// only the wallet's own message tells.
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
