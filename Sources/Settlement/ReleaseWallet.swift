import Ledger
import Money
package import Payments
package import Providers
import Seams
package import Storage

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
    package let spends: [WalletSpend]
    /// What the books still owe by it, the oldest first.
    package let owed: [Owed]

    /// A wallet with what a person has to look at.
    package init(wallet: WalletRecord, spends: [WalletSpend] = [], owed: [Owed] = []) {
        self.wallet = wallet
        self.spends = spends
        self.owed = owed
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
    /// The most transfers of a provider that a list shows.
    private static let listLimit = 10_000

    /// The wallets of every provider, with what a person has to look at where one is held.
    ///
    /// - Throws: what the database throws.
    package func listWallets() async throws -> [WalletList] {
        try await database.read { session in
            let reviewed = try session.reviewedTransfers()
            return try session.wallets().map { wallet in
                guard wallet.hold != nil else { return WalletList(wallet: wallet) }
                let spends = try session.spends(provider: wallet.provider)
                let open = try wallet.paysOthers ? unsent(wallet.provider, in: session) : []
                let owed = open.map { transfer in
                    WalletList.Owed(
                        transfer: transfer,
                        candidates: candidates(of: transfer, among: spends),
                        isReviewed: reviewed.contains(transfer.purpose.id)
                    )
                }
                return WalletList(wallet: wallet, spends: spends, owed: owed)
            }
        }
    }

    private func unsent(_ provider: String, in session: any SQLSession) throws -> [OutgoingTransfer] {
        try session.unsentOutgoing(provider: provider, limit: Self.listLimit)
    }

    private func candidates(of transfer: OutgoingTransfer, among spends: [WalletSpend]) -> [WalletList.Candidate] {
        guard let sender = providers.provider(transfer.provider)?.send,
            let wanted = sender.appearance(of: TransferOrder(transfer))
        else { return [] }
        let found = spends.compactMap { spend -> WalletList.Candidate? in
            guard spend.transfer == nil, let payment = spend.payment else { return nil }
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
                try session.spends(provider: stored.provider).contains(where: {
                    $0.transfer == id && $0.key == key && $0.position == position
                })
            {
                return stored
            }
            guard try session.wallets(of: stored.provider).contains(where: { $0.hold != nil && $0.paysOthers }) else {
                throw SettlementError(.invalidState, "no wallet of \(stored.provider) is held", parameter: "transfer")
            }
            guard [.awaitingApproval, .awaitingPayment].contains(stored.status.state) else {
                let state = stored.status.state.rawValue
                throw SettlementError(.invalidState, "the transfer is \(state) already", parameter: "transfer")
            }
            switch decision {
            case .owed:
                try session.review(id, at: now)
                return stored
            case .left(let key, let position):
                let spends = try session.spends(provider: stored.provider)
                guard let spend = spends.first(where: { $0.key == key && $0.position == position }) else {
                    throw SettlementError(.notFound, "nothing like this has left the wallet", parameter: "spend")
                }
                return try complete(stored, with: spend, at: now, in: session)
            }
        }
    }

    /// Completes a transfer by what has left: it was booked as unexplained, and is explained now.
    private func complete(
        _ stored: OutgoingTransfer,
        with spend: WalletSpend,
        at now: Timestamp,
        in session: any SQLSession
    ) throws -> OutgoingTransfer {
        guard let payment = spend.payment, payment.amount == stored.amount else {
            throw SettlementError(.invalidRequest, "another amount has left", parameter: "spend")
        }
        guard try session.assign(spend, to: stored.purpose.id) else {
            throw SettlementError(.invalidState, "it was another transfer, as was said before", parameter: "spend")
        }
        var updated = stored
        do throws(PaymentsError) { _ = try updated.status.apply(.foundSent) } catch { throw SettlementError(error) }
        updated.finishedAt = now
        try store(updated, from: stored, nextAttemptAt: now, in: session)
        // What the rail's scan does not book by itself is still in the receivable.
        let isBooked = spend.movement.asset == payment.amount.asset
        let source = isBooked ? AccountID.suspense(stored.provider) : .providerReceivable(stored.provider)
        let postings = [
            Posting(account: stored.reservedAccount, amount: stored.amount),
            Posting(account: source, amount: try stored.amount.negated()),
        ]
        try post(.transferSent, subject: stored.purpose.id, at: now, postings, in: session)
        try explainRest(of: spend, by: stored, at: now, in: session)
        try announce(.completed, updated, at: now, in: session)
        return updated
    }

    /// When every receiver of a chain transaction is known, the rest of what it took is the network's fee.
    private func explainRest(
        of spend: WalletSpend,
        by transfer: OutgoingTransfer,
        at now: Timestamp,
        in session: any SQLSession
    ) throws {
        let all = try session.spends(evidence: spend.evidence, of: spend.provider)
        guard all.allSatisfy({ $0.payment == nil || $0.transfer != nil }) else { return }
        for (key, parts) in Dictionary(grouping: all, by: \.key) {
            guard let movement = parts.first?.movement else { continue }
            let paid = parts.compactMap(\.payment?.amount).filter { $0.asset == movement.asset }
            let fee = try movement.negated().subtracting(Amount.sum(paid, asset: movement.asset))
            if fee.isPositive {
                let postings = [
                    Posting(account: .networkFees, amount: fee),
                    Posting(account: .suspense(spend.provider), amount: try fee.negated()),
                ]
                try post(.networkFee, subject: transfer.purpose.id, at: now, postings, in: session)
            }
            for open in try session.openCases(of: key) {
                try close(open, .init(.assigned, object: transfer.purpose.id, at: now), in: session)
            }
        }
    }
}
