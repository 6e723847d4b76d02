import Ledger
import Money
package import Payments
package import Providers
package import Records
import Seams
import Storage

/// A wallet as a person sees it: what left by its key and was not signed here, and what the books still owe.
package struct WalletList: Sendable {
    /// A transfer that nothing was signed for.
    package struct Owed: Sendable {
        /// The transfer.
        package let transfer: OutgoingTransfer
        /// What left and may be this transfer, the likeliest first.
        package let candidates: [Candidate]
        /// Whether a person has said that it is still owed.
        package let isReviewed: Bool
    }

    /// Something that left and may be a transfer of ours.
    package struct Candidate: Sendable {
        /// What left.
        package let spend: WalletSpend
        /// How much speaks for it.
        package let likeness: SentPayment.Likeness
    }

    /// The wallet.
    package let wallet: WalletRecord
    /// What left by its key without having been signed here, the latest first.
    package var spends: [WalletSpend] = []
    /// Whether more has left than is shown; what may be a transfer of ours is found all the same.
    package var hasMoreSpends = false
    /// What the books still owe by it: what nobody has decided about first, the oldest first.
    package var owed: [Owed] = []
    /// Whether more is owed than is shown; it is shown when this is decided.
    package var hasMoreOwed = false

    /// A wallet about which nobody has to look.
    package init(wallet: WalletRecord) {
        self.wallet = wallet
    }
}

/// What a person says about a transfer of a wallet that is held.
package enum WalletDecision: Hashable, Sendable {
    /// It left already: by this receiver of this movement.
    case left(NaturalKey, position: Int)
    /// It is still owed.
    case owed
}

extension Settlement {
    /// The wallets of every provider, with what a person has to look at where one is held.
    ///
    /// - Parameters:
    ///   - mostSpends: the most of what has left that is shown of a wallet.
    ///   - mostOwed: the most transfers that are shown of a wallet.
    /// - Throws: what the database throws.
    /// - Returns: the wallets, in the order of their providers.
    package func listWallets(mostSpends: Int = 1_000, mostOwed: Int = 10_000) async throws -> [WalletList] {
        try await database.read { session in
            let reviewed = try session.reviewedTransfers()
            return try session.wallets().map { wallet in
                var list = WalletList(wallet: wallet)
                guard wallet.hold != nil else { return list }
                let spends = try session.spends(provider: wallet.provider, limit: mostSpends + 1)
                list.spends = Array(spends.prefix(mostSpends))
                list.hasMoreSpends = spends.count > mostSpends
                guard wallet.paysOthers else { return list }
                let open = try session.unsentOutgoing(provider: wallet.provider, limit: mostOwed + 1)
                list.hasMoreOwed = open.count > mostOwed
                let known = Dictionary(grouping: try session.unassignedSpends(provider: wallet.provider)) {
                    $0.payment?.destination ?? ""
                }
                list.owed = open.prefix(mostOwed).map { transfer in
                    WalletList.Owed(
                        transfer: transfer,
                        candidates: candidates(of: transfer, among: known),
                        isReviewed: reviewed.contains(transfer.purpose.id)
                    )
                }
                return list
            }
        }
    }

    /// What may be a transfer, of what has left for each receiver.
    private func candidates(
        of transfer: OutgoingTransfer,
        among spends: [String: [WalletSpend]]
    ) -> [WalletList.Candidate] {
        guard let sender = providers.provider(transfer.provider)?.send,
            let wanted = sender.appearance(of: TransferOrder(transfer))
        else { return [] }
        let found = (spends[wanted.destination] ?? []).compactMap { spend -> WalletList.Candidate? in
            guard let payment = spend.payment else { return nil }
            let seen = SentPayment(
                destination: payment.destination,
                amount: payment.amount,
                comment: payment.comment,
                tag: payment.tag
            )
            return seen.likeness(to: wanted).map { WalletList.Candidate(spend: spend, likeness: $0) }
        }
        return found.filter { $0.likeness == .certain } + found.filter { $0.likeness == .likely }
    }

    /// Records what a person says about a transfer of a wallet that is held.
    ///
    /// What left already is completed with what left; what is still owed is sent when the wallet signs again. A decision
    /// that was carried out already changes nothing.
    ///
    /// - Throws: ``SettlementError``; nothing is changed then.
    /// - Returns: the transfer as it is now.
    package func decide(_ id: String, _ decision: WalletDecision) async throws -> OutgoingTransfer {
        let now = clock.now()
        return try await database.write { session in
            guard let stored = try session.outgoing(id) else {
                throw SettlementError(.notFound, "there is no transfer \(id)", parameter: "transfer")
            }
            if case .left(let key, let position) = decision, stored.status.state == .completed,
                try spend(key, position, of: stored.provider, in: session)?.transfer == id
            {
                return stored
            }
            guard try session.wallets(of: stored.provider).contains(where: { $0.hold != nil && $0.paysOthers }) else {
                throw SettlementError(.invalidState, "no wallet of \(stored.provider) is held", parameter: "transfer")
            }
            guard stored.isUnsent else {
                let state = stored.status.state.rawValue
                throw SettlementError(.invalidState, "the transfer is \(state) already", parameter: "transfer")
            }
            switch decision {
            case .owed:
                try session.review(id, at: now)
                return try owe(stored, at: now, in: session)
            case .left(let key, let position):
                guard let spend = try spend(key, position, of: stored.provider, in: session) else {
                    throw SettlementError(.notFound, "nothing like this has left the wallet", parameter: "spend")
                }
                return try complete(stored, with: spend, at: now, in: session)
            }
        }
    }

    private func spend(
        _ key: NaturalKey,
        _ position: Int,
        of provider: String,
        in session: any SQLSession
    ) throws -> WalletSpend? {
        try session.spends(of: key).first { $0.position == position && $0.provider == provider }
    }

    /// What was found once, and is gone from the chain, waits to be signed; a refund whose payment is gone as well is
    /// called off.
    private func owe(
        _ stored: OutgoingTransfer,
        at now: Timestamp,
        in session: any SQLSession
    ) throws -> OutgoingTransfer {
        guard stored.status.state == .unknown else { return stored }
        var updated = stored
        do throws(PaymentsError) { _ = try updated.status.apply(.foundOwed) } catch { throw SettlementError(error) }
        updated.failure = nil
        try store(updated, from: stored, nextAttemptAt: now, in: session)
        if case .refund(_, let id) = updated.purpose, try session.payment(id)?.state != .final {
            try callOff([updated], because: "the payment is no longer part of the chain", at: now, in: session)
        }
        return try session.outgoing(updated.purpose.id) ?? updated
    }
}
