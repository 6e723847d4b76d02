package import Money
package import Payments
package import Seams

/// What has left by a wallet's key and was not signed here: one receiver of one movement.
package struct WalletSpend: Hashable, Sendable {
    /// Who got how much.
    package struct Payment: Hashable, Sendable {
        /// The receiver in the rail's canonical form.
        package let destination: String
        /// How much.
        package let amount: Amount
        /// What the receiver reads.
        package let comment: [UInt8]?
        /// The number by which the rail carries an order's identifier.
        package let tag: String?

        /// Who got how much.
        package init(destination: String, amount: Amount, comment: [UInt8]?, tag: String?) {
            self.destination = destination
            self.amount = amount
            self.comment = comment
            self.tag = tag
        }
    }

    /// The natural key of the movement.
    package let key: NaturalKey
    /// Which of the movement's receivers.
    package let position: Int
    /// The provider.
    package let provider: String
    /// The wallet.
    package let wallet: String
    /// The number that was used; nil when it cannot be read.
    package let number: Int64?
    /// The chain transaction.
    package let evidence: String
    /// By how much the wallet's balance changed, for all receivers together.
    package let movement: Amount
    /// Who got how much; nil when nothing that left is known.
    package let payment: Payment?
    /// The transfer of ours that a person says it was.
    package let transfer: String?
    /// When it happened, by the rail's clock.
    package let occurredAt: Timestamp

    /// What has left.
    package init(
        key: NaturalKey,
        position: Int,
        provider: String,
        wallet: String,
        number: Int64?,
        evidence: String,
        movement: Amount,
        payment: Payment?,
        transfer: String? = nil,
        occurredAt: Timestamp
    ) {
        self.key = key
        self.position = position
        self.provider = provider
        self.wallet = wallet
        self.number = number
        self.evidence = evidence
        self.movement = movement
        self.payment = payment
        self.transfer = transfer
        self.occurredAt = occurredAt
    }
}

extension SQLSession {
    private static var spendColumns: String {
        """
        s.key, s.position, s.provider, s.wallet, s.number, s.evidence, s.movement_asset, s.movement, s.destination,
        s.asset, s.amount, s.comment, s.tag, s.transfer, s.occurred_at
        """
    }

    /// Stores what has left; what is stored already stays as it is.
    package func insert(_ spend: WalletSpend, at moment: Timestamp) throws {
        try execute(
            """
            INSERT INTO wallet_spends (key, position, provider, wallet, number, evidence, movement_asset, movement,
            destination, asset, amount, comment, tag, occurred_at, seen_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            ON CONFLICT (key, position) DO NOTHING
            """,
            [
                .text(spend.key.text), .integer(Int64(spend.position)), .text(spend.provider), .text(spend.wallet),
                .integer(spend.number), .text(spend.evidence), .asset(spend.movement), .units(spend.movement),
                .text(spend.payment?.destination), .asset(spend.payment?.amount), .units(spend.payment?.amount),
                .blob(spend.payment?.comment), .text(spend.payment?.tag), .moment(spend.occurredAt), .moment(moment),
            ]
        )
    }

    /// What has left by a provider's keys without having been signed here, since a wallet was held or not yet explained;
    /// the latest first, at most a thousand.
    package func spends(provider: String, wallet: String? = nil) throws -> [WalletSpend] {
        try all(
            """
            SELECT \(Self.spendColumns) FROM wallet_spends s WHERE s.provider = $1 AND (s.wallet = $2 OR $2 = '')
            ORDER BY s.occurred_at DESC, s.key, s.position LIMIT 1000
            """,
            [.text(provider), .text(wallet ?? "")]
        ) { try $0.walletSpend() }
    }

    /// What left by one chain transaction.
    package func spends(evidence: String, of provider: String) throws -> [WalletSpend] {
        try spends(provider: provider).filter { $0.evidence == evidence }
    }

    /// The numbers of a wallet from one on, below another, that something used which was not signed here.
    package func foreignNumbers(of wallet: String, at provider: String, from number: Int64) throws -> Set<Int64> {
        Set(
            try all(
                """
                SELECT DISTINCT number FROM wallet_spends WHERE provider = $1 AND wallet = $2 AND number IS NOT NULL
                AND number >= $3
                """,
                [.text(provider), .text(wallet), .integer(number)]
            ) { try $0.integer() }
        )
    }

    /// Says which transfer of ours something was that has left; each transfer has left once.
    ///
    /// - Returns: whether it was nobody's until now.
    package func assign(_ spend: WalletSpend, to transfer: String) throws -> Bool {
        try change(
            "UPDATE wallet_spends SET transfer = $3 WHERE key = $1 AND position = $2 AND transfer IS NULL",
            [.text(spend.key.text), .integer(Int64(spend.position)), .text(transfer)]
        ) == 1
    }

    /// A provider's transfers that nothing was signed for yet, the oldest first.
    package func unsentOutgoing(provider: String, limit: Int) throws -> [OutgoingTransfer] {
        let states: [PayoutStateMachine.State] = [.awaitingApproval, .awaitingPayment]
        return try outgoing(in: states, dueAt: .distantFuture, limit: limit).filter { $0.provider == provider }
    }

    /// How many transfers of a provider were signed with a number.
    package func signedCount(_ number: Int64, provider: String) throws -> Int64 {
        try first(
            "SELECT COUNT(*) FROM outgoing WHERE provider = $1 AND sequence = $2",
            [.text(provider), .integer(number)]
        ) { try $0.integer() } ?? 0
    }

    /// Remembers that a person has said of a transfer that it is still owed.
    package func review(_ transfer: String, at moment: Timestamp) throws {
        try execute(
            "INSERT INTO wallet_reviews (transfer, reviewed_at) VALUES ($1, $2) ON CONFLICT (transfer) DO NOTHING",
            [.text(transfer), .moment(moment)]
        )
    }

    /// The transfers of which a person has said that they are still owed.
    package func reviewedTransfers() throws -> Set<String> {
        Set(try all("SELECT transfer FROM wallet_reviews", []) { try $0.text() })
    }

    /// Forgets what a person has said about transfers: when the wallet is held again, they are looked at again.
    package func forgetReviews(of transfers: [String]) throws {
        for transfer in transfers {
            try execute("DELETE FROM wallet_reviews WHERE transfer = $1", [.text(transfer)])
        }
    }

    /// The transfers that the rail knows by a hash.
    package func transfers(hash: String) throws -> [OutgoingTransfer] {
        let ids = try all("SELECT id FROM outgoing WHERE hash = $1 ORDER BY id", [.text(hash)]) { try $0.text() }
        return try ids.compactMap { try outgoing($0) }
    }
}

extension SQLRow {
    fileprivate mutating func walletSpend() throws -> WalletSpend {
        let (key, position) = (NaturalKey(stored: try text()), try int())
        let (provider, wallet, number, evidence) = (try text(), try text(), try optionalInteger(), try text())
        let (movement, destination, amount) = (try amount(), try optionalText(), try optionalAmount())
        let (comment, tag, transfer) = (try optionalBlob(), try optionalText(), try optionalText())
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
