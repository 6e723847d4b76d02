import Ledger
import Money
package import Payments
package import Providers
package import Records
import Seams
import Storage

/// A wallet as a person reviews it: its spends, and the transfers that the books still owe.
package struct WalletList: Sendable {
    /// A transfer that nothing was signed for.
    package struct Owed: Sendable {
        /// The transfer.
        package let transfer: OutgoingTransfer
        /// The spends that may be this transfer, the likeliest first.
        package let candidates: [Candidate]
        /// Whether a person has said that it is still owed.
        package let isReviewed: Bool
    }

    /// A spend that may be a transfer of ours.
    package struct Candidate: Sendable {
        /// The spend.
        package let spend: WalletSpend
        /// How well it matches the transfer.
        package let likeness: SentPayment.Likeness
    }

    /// The wallet.
    package let wallet: WalletRecord
    /// What left by its key and was not signed here, the latest first.
    package var spends: [WalletSpend] = []
    /// Whether there are more spends than are shown; candidates are found among all of them.
    package var hasMoreSpends = false
    /// The transfers that it still owes: undecided ones first, the oldest first.
    package var owed: [Owed] = []
    /// Whether it owes more transfers than are shown; the others are shown when these are decided.
    package var hasMoreOwed = false

    /// A wallet that needs no review.
    package init(wallet: WalletRecord) {
        self.wallet = wallet
    }
}

/// A person's decision about a transfer of a held wallet.
package enum WalletDecision: Hashable, Sendable {
    /// It left already: as the payment at `position` of this movement.
    case left(NaturalKey, position: Int)
    /// It is still owed.
    case owed
}

extension Settlement {
    /// The wallets of every provider, with the spends and transfers to review where one is held.
    ///
    /// - Parameters:
    ///   - mostSpends: the most spends that are shown of a wallet.
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

    /// The spends that may be a transfer, from those grouped by receiver.
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

    /// Records a person's decision about a transfer of a held wallet.
    ///
    /// A transfer that left already is completed with its spend; one that is still owed is sent when the wallet signs
    /// again. A decision that was carried out already changes nothing.
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
                try session.review(stored, at: now)
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

    /// Has an unknown transfer wait to be signed again; a refund whose payment is gone from the chain is cancelled.
    private func owe(
        _ stored: OutgoingTransfer,
        at now: Timestamp,
        in session: any SQLSession
    ) throws -> OutgoingTransfer {
        var draft = try draft(about: [stored.merchant], at: now, in: session)
        try include(stored, in: &draft, session)
        let owed = try draft.owe(stored)
        return try applier(at: now, in: session).apply(draft.decided(owed))
    }
}
