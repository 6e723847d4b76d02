package import Money
package import Seams

/// Money on its way out: a refund of a payment, or a payout of a merchant's balance.
package struct OutgoingTransfer: Hashable, Sendable {
    /// What it is for.
    package enum Purpose: Hashable, Sendable {
        /// It returns a payment, in full or in part.
        case refund(RefundID, of: PaymentID)
        /// It sends the merchant's own money.
        case payout(PayoutID)

        /// The public identifier's text.
        package var id: String {
            switch self {
            case .refund(let id, _): id.text
            case .payout(let id): id.text
            }
        }
    }

    /// What it is for, with its public identifier.
    package let purpose: Purpose
    /// Whose money it is.
    package let merchant: MerchantID
    /// The provider that sends it, by its key in the registry.
    package let provider: String
    /// What is sent, without the network's fees.
    package let amount: Amount
    /// Where it goes, in the rail's own words: an address, or a Telegram user and charge.
    package let destination: String
    /// What the receiver reads, where the rail can say something.
    package let comment: String?
    /// Why it is sent, in the merchant's words.
    package let reason: String?
    /// The rate by which the price of an invoice became the amount, when a refund was measured by one.
    package let quote: Quote?
    /// Where it stands.
    package var status: PayoutStateMachine
    /// What was signed and stored before it was sent for the first time.
    package var prepared: PreparedTransfer?
    /// What the network charged, once that is known.
    package var networkFee: Amount?
    /// Why it failed, for a person.
    package var failure: String?
    /// When it was asked for.
    package let createdAt: Timestamp
    /// When it came to an end.
    package var finishedAt: Timestamp?
    /// The moment of the rail's history that decided its fate, by the rail's clock; nil while it is under way, and when
    /// something else than the rail's history ended it.
    package var concludedAt: Timestamp?

    /// A transfer as it was asked for or stored.
    package init(
        purpose: Purpose,
        merchant: MerchantID,
        provider: String,
        amount: Amount,
        destination: String,
        comment: String? = nil,
        reason: String? = nil,
        quote: Quote? = nil,
        status: PayoutStateMachine,
        prepared: PreparedTransfer? = nil,
        networkFee: Amount? = nil,
        failure: String? = nil,
        createdAt: Timestamp,
        finishedAt: Timestamp? = nil,
        concludedAt: Timestamp? = nil
    ) {
        self.purpose = purpose
        self.merchant = merchant
        self.provider = provider
        self.amount = amount
        self.destination = destination
        self.comment = comment
        self.reason = reason
        self.quote = quote
        self.status = status
        self.prepared = prepared
        self.networkFee = networkFee
        self.failure = failure
        self.createdAt = createdAt
        self.finishedAt = finishedAt
        self.concludedAt = concludedAt
    }
}

/// What is sent, exactly: stored before the first attempt, and sent again unchanged until its fate is known.
package struct PreparedTransfer: Hashable, Sendable {
    /// The signed bytes, or the request, in the rail's own form.
    package let bytes: [UInt8]
    /// What the rail will know it by, for example the normalised hash of a TON message (TEP-467).
    package let hash: String
    /// The number that the rail uses up with it (seqno, nonce), where it has one.
    package let sequence: Int64?
    /// Until when it can take effect, by the rail's clock; none when the rail sets no limit.
    package let validUntil: Timestamp?
    /// Which of the transfers that were signed together this is; 0 for one that was signed alone.
    package let position: Int

    /// A transfer as it was signed or stored.
    package init(bytes: [UInt8], hash: String, sequence: Int64?, validUntil: Timestamp?, position: Int = 0) {
        self.bytes = bytes
        self.hash = hash
        self.sequence = sequence
        self.validUntil = validUntil
        self.position = position
    }
}
