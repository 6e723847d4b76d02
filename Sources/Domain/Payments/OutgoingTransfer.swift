package import Money
package import Seams

/// An outgoing transfer: a refund of a payment, or a payout of a merchant's balance.
package struct OutgoingTransfer: Hashable, Sendable {
    /// The purpose of a transfer.
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

    /// The purpose, with its public identifier.
    package let purpose: Purpose
    /// The merchant whose money it is.
    package let merchant: MerchantID
    /// The provider that sends it, by its key in the registry.
    package let provider: String
    /// The amount sent, without the network's fees.
    package let amount: Amount
    /// Where it goes, in the rail's own words: an address, or a Telegram user and charge.
    package let destination: String
    /// The comment for the receiver, where the rail can carry one.
    package let comment: String?
    /// Why it is sent, in the merchant's words.
    package let reason: String?
    /// The quote by which a price became the amount, when a refund was given in the price asset.
    package let quote: Quote?
    /// Where it stands.
    package var status: PayoutStateMachine
    /// The signed request, stored before it was sent for the first time.
    package var prepared: PreparedTransfer?
    /// The network's fee, once it is known.
    package var networkFee: Amount?
    /// Why it failed, for a person.
    package var failure: String?
    /// When it was requested.
    package let createdAt: Timestamp
    /// When it ended.
    package var finishedAt: Timestamp?
    /// The moment of the rail's history that decided its fate, by the rail's clock.
    ///
    /// It is nil while the transfer is under way, and when the transfer did not end on the rail.
    package var concludedAt: Timestamp?
    /// The number of its changes, with its making.
    package var version: Int64 = 1

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

/// The exact request: stored before the first attempt, and sent again unchanged until its fate is known.
package struct PreparedTransfer: Hashable, Sendable {
    /// The signed bytes, or the request, in the rail's own form.
    package let bytes: [UInt8]
    /// The rail's identifier of it, for example the normalised hash of a TON message (TEP-467).
    package let hash: String
    /// The number that the rail uses up with it (seqno, nonce), where it has one.
    package let sequence: Int64?
    /// Until when it can take effect, by the rail's clock; nil when the rail sets no limit.
    package let validUntil: Timestamp?
    /// Its position among the transfers that were signed together; 0 for one that was signed alone.
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
