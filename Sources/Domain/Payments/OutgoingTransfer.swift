public import Money
public import Seams

/// Money on its way out: a refund of a payment, or a payout of a merchant's balance.
public struct OutgoingTransfer: Hashable, Sendable {
    /// What it is for.
    public enum Purpose: Hashable, Sendable {
        /// It returns a payment, in full or in part.
        case refund(RefundID, of: PaymentID)
        /// It sends the merchant's own money.
        case payout(PayoutID)

        /// The public identifier's text.
        public var id: String {
            switch self {
            case .refund(let id, _): id.text
            case .payout(let id): id.text
            }
        }
    }

    /// What it is for, with its public identifier.
    public let purpose: Purpose
    /// Whose money it is.
    public let merchant: MerchantID
    /// The provider that sends it, by its key in the registry.
    public let provider: String
    /// What is sent, without the network's fees.
    public let amount: Amount
    /// Where it goes, in the rail's own words: an address, or a Telegram user and charge.
    public let destination: String
    /// What the receiver reads, where the rail can say something.
    public let comment: String?
    /// Why it is sent, in the merchant's words.
    public let reason: String?
    /// The rate by which the price of an invoice became the amount, when a refund was measured by one.
    public let quote: Quote?
    /// Where it stands.
    public var status: PayoutStateMachine
    /// What was signed and stored before it was sent for the first time.
    public var prepared: PreparedTransfer?
    /// What the network charged, once that is known.
    public var networkFee: Amount?
    /// Why it failed, for a person.
    public var failure: String?
    /// When it was asked for.
    public let createdAt: Timestamp
    /// When it came to an end.
    public var finishedAt: Timestamp?
    /// The moment of the rail's history that decided its fate, by the rail's clock; nil while it is under way, and when
    /// something else than the rail's history ended it.
    public var concludedAt: Timestamp?

    /// A transfer as it was asked for or stored.
    public init(
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
public struct PreparedTransfer: Hashable, Sendable {
    /// The signed bytes, or the request, in the rail's own form.
    public let bytes: [UInt8]
    /// What the rail will know it by, for example the normalised hash of a TON message (TEP-467).
    public let hash: String
    /// The number that the rail uses up with it (seqno, nonce), where it has one.
    public let sequence: Int64?
    /// Until when it can take effect, by the rail's clock; none when the rail sets no limit.
    public let validUntil: Timestamp?
    /// Which of the transfers that were signed together this is; 0 for one that was signed alone.
    public let position: Int

    /// A transfer as it was signed or stored.
    public init(bytes: [UInt8], hash: String, sequence: Int64?, validUntil: Timestamp?, position: Int = 0) {
        self.bytes = bytes
        self.hash = hash
        self.sequence = sequence
        self.validUntil = validUntil
        self.position = position
    }
}
