import Money
package import Payments
package import Records
package import Seams

extension SQLSession {
    private static var spendColumns: String {
        """
        s.key, s.position, s.provider, s.wallet, s.number, s.evidence, s.movement_asset, s.movement, s.destination,
        s.asset, s.amount, s.comment, s.tag, s.transfer, s.transfer_kind, s.occurred_at
        """
    }

    /// Stores a spend; one that is stored already stays as it is, and is listed again if it had vanished.
    package func insert(_ spend: WalletSpend, at moment: Timestamp) throws {
        try execute(
            """
            INSERT INTO wallet_spends (key, position, provider, wallet, number, evidence, movement_asset, movement,
            destination, asset, amount, comment, tag, occurred_at, seen_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            ON CONFLICT (key, position) DO UPDATE SET vanished_at = NULL, occurred_at = excluded.occurred_at,
            seen_at = excluded.seen_at WHERE wallet_spends.vanished_at IS NOT NULL
            """,
            [
                .text(spend.key.text), .integer(Int64(spend.position)), .text(spend.provider), .text(spend.wallet),
                .integer(spend.number), .text(spend.evidence), .asset(spend.movement), .units(spend.movement),
                .text(spend.payment?.destination), .asset(spend.payment?.amount), .units(spend.payment?.amount),
                .blob(spend.payment?.comment), .text(spend.payment?.tag), .moment(spend.occurredAt), .moment(moment),
            ]
        )
    }

    /// The spends of a provider's wallets, the latest first.
    package func spends(provider: String, limit: Int) throws -> [WalletSpend] {
        try spends("s.provider = $1 AND s.vanished_at IS NULL", [.text(provider)], limit: limit)
    }

    /// All spends with a receiver that are not assigned to a transfer of ours yet.
    package func unassignedSpends(provider: String) throws -> [WalletSpend] {
        try spends(
            "s.provider = $1 AND s.vanished_at IS NULL AND s.transfer IS NULL AND s.destination IS NOT NULL",
            [.text(provider)]
        )
    }

    /// The spends of one chain transaction.
    package func spends(evidence: String, of provider: String) throws -> [WalletSpend] {
        try spends(
            "s.provider = $1 AND s.evidence = $2 AND s.vanished_at IS NULL",
            [.text(provider), .text(evidence)]
        )
    }

    /// The spends of a movement, one for each receiver, also when it has vanished from the chain since.
    package func spends(of key: NaturalKey) throws -> [WalletSpend] { try spends("s.key = $1", [.text(key.text)]) }

    private func spends(
        _ condition: String,
        _ arguments: [SQLValue],
        limit: Int = Int(Int32.max)
    ) throws -> [WalletSpend] {
        try all(
            """
            SELECT \(Self.spendColumns) FROM wallet_spends s WHERE \(condition)
            ORDER BY s.occurred_at DESC, s.key, s.position LIMIT \(limit)
            """,
            arguments
        ) { try $0.walletSpend() }
    }

    /// Removes the spends of a movement from the list, because it is no longer in the chain.
    package func vanish(_ key: NaturalKey, at moment: Timestamp) throws {
        try execute(
            "UPDATE wallet_spends SET vanished_at = $2 WHERE key = $1 AND vanished_at IS NULL",
            [.text(key.text), .moment(moment)]
        )
    }

    /// The numbers of a wallet, from a given one on, that its spends have used.
    package func foreignNumbers(of wallet: String, at provider: String, from number: Int64) throws -> Set<Int64> {
        Set(
            try all(
                """
                SELECT DISTINCT number FROM wallet_spends WHERE provider = $1 AND wallet = $2 AND number IS NOT NULL
                AND number >= $3 AND vanished_at IS NULL
                """,
                [.text(provider), .text(wallet), .integer(number)]
            ) { try $0.integer() }
        )
    }

    /// Assigns a spend to a transfer of ours; each transfer has left once.
    ///
    /// - Returns: whether it was unassigned and is in the chain.
    package func assign(_ spend: WalletSpend, to transfer: String) throws -> Bool {
        // A spend that was assigned to the transfer before, and that is gone, is unassigned.
        try execute(
            "UPDATE wallet_spends SET transfer = NULL, transfer_kind = NULL WHERE transfer = $1",
            [.transfer(transfer)]
        )
        return try change(
            """
            UPDATE wallet_spends SET transfer = $3, transfer_kind = $4 WHERE key = $1 AND position = $2
            AND transfer IS NULL AND vanished_at IS NULL
            """,
            [
                .text(spend.key.text), .integer(Int64(spend.position)), .transfer(transfer),
                .code(OutgoingKind(ofTransfer: transfer)),
            ]
        ) == 1
    }

    /// Unassigns a spend from its transfer.
    package func unassign(_ spend: WalletSpend) throws {
        try execute(
            "UPDATE wallet_spends SET transfer = NULL, transfer_kind = NULL WHERE key = $1 AND position = $2",
            [.text(spend.key.text), .integer(Int64(spend.position))]
        )
    }

    /// Whether nothing is signed for a transfer that may still be sent.
    private static var isUnsent: String {
        """
        (t.state IN \(PayoutStateMachine.State.list(.awaitingApproval, .awaitingPayment))
        OR (t.state = \(PayoutStateMachine.State.unknown.code) AND t.prepared IS NULL))
        """
    }

    private static var isReviewed: String {
        "EXISTS (SELECT 1 FROM wallet_reviews r WHERE r.book = t.book AND r.transfer = t.id)"
    }

    /// A provider's transfers that nothing was signed for: first those without a review, the oldest first.
    package func unsentOutgoing(provider: String, limit: Int) throws -> [OutgoingTransfer] {
        try all(
            """
            SELECT \(Self.outgoingColumns) FROM outgoing t WHERE t.provider = $1 AND \(Self.isUnsent)
            ORDER BY CASE WHEN \(Self.isReviewed) THEN 1 ELSE 0 END, t.created_at, t.id LIMIT $2
            """,
            [.text(provider), .integer(Int64(limit))]
        ) { try $0.outgoing() }
    }

    /// How many of a provider's transfers are neither signed nor reviewed, and the oldest one.
    package func undecidedOutgoing(provider: String) throws -> (count: Int64, first: String?) {
        let undecided = "FROM outgoing t WHERE t.provider = $1 AND \(Self.isUnsent) AND NOT \(Self.isReviewed)"
        let count = try first("SELECT COUNT(*) \(undecided)", [.text(provider)]) { try $0.integer() } ?? 0
        let oldest = "SELECT t.id, t.kind \(undecided) ORDER BY t.created_at, t.id LIMIT 1"
        return (count, try first(oldest, [.text(provider)]) { try $0.optionalTransferID() } ?? nil)
    }

    /// How many requests of a provider were signed with a number; one may carry several transfers.
    package func signedCount(_ number: Int64, provider: String) throws -> Int64 {
        try first(
            "SELECT COUNT(DISTINCT hash) FROM outgoing WHERE provider = $1 AND sequence = $2",
            [.text(provider), .integer(number)]
        ) { try $0.integer() } ?? 0
    }

    /// Stores that a person has reviewed a transfer as still owed.
    package func review(_ transfer: OutgoingTransfer, at moment: Timestamp) throws {
        try execute(
            """
            INSERT INTO wallet_reviews (book, transfer, reviewed_at) VALUES ($3, $1, $2)
            ON CONFLICT (book, transfer) DO NOTHING
            """,
            [.transfer(transfer.purpose.id), .moment(moment), try place(of: transfer.merchant)]
        )
    }

    /// The transfers that a person has reviewed as still owed.
    package func reviewedTransfers() throws -> Set<String> {
        let sql = "SELECT t.id, t.kind FROM wallet_reviews r JOIN outgoing t ON t.book = r.book AND t.id = r.transfer"
        return Set(try all(sql, []) { try $0.optionalTransferID() }.compactMap(\.self))
    }

    /// Forgets the reviews of a provider's transfers: when the wallet is held again, they are reviewed again.
    package func forgetReviews(of provider: String) throws {
        try execute(
            """
            DELETE FROM wallet_reviews WHERE \(within()) AND EXISTS (SELECT 1 FROM outgoing t
            WHERE t.book = wallet_reviews.book AND t.id = wallet_reviews.transfer AND t.provider = $1)
            """,
            [.text(provider)]
        )
    }

    /// Forgets the review of a transfer.
    package func forgetReview(of transfer: String) throws {
        try execute("DELETE FROM wallet_reviews WHERE \(within()) AND transfer = $1", [.transfer(transfer)])
    }

    /// The transfers with a hash.
    package func transfers(hash: String) throws -> [OutgoingTransfer] {
        try all("SELECT \(Self.outgoingColumns) FROM outgoing t WHERE t.hash = $1 ORDER BY t.id", [.text(hash)]) {
            try $0.outgoing()
        }
    }
}

extension SQLRow {
    fileprivate mutating func walletSpend() throws -> WalletSpend {
        let (key, position) = (NaturalKey(stored: try text()), try int())
        let (provider, wallet, number, evidence) = (try text(), try text(), try optionalInteger(), try text())
        let (movement, destination, amount) = (try amount(), try optionalText(), try optionalAmount())
        let (comment, tag, transfer) = (try optionalBlob(), try optionalText(), try optionalTransferID())
        let payment = destination.flatMap { destination in
            amount.map { WalletSpend.Payment(destination: destination, amount: $0, comment: comment, tag: tag) }
        }
        return WalletSpend(
            key: key,
            position: position,
            provider: provider,
            wallet: wallet,
            number: number,
            evidence: evidence,
            movement: movement,
            payment: payment,
            transfer: transfer,
            occurredAt: try moment()
        )
    }
}
