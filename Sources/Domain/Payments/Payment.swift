public import Money
public import Seams

/// Money that was seen, for an invoice or for none.
public struct Payment: Hashable, Sendable {
    /// Where a payment stands.
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// It counts.
        case final
        /// The rail took it back.
        case orphaned
    }

    /// How a payment relates to its invoice.
    public enum Classification: String, Hashable, Sendable, CaseIterable {
        /// It settles the invoice to the unit, or within the tolerance.
        case exact
        /// It covers a part of what is owed.
        case partial
        /// It settles the invoice and more.
        case over
        /// It came after the invoice's time.
        case late
        /// It came for an invoice that was settled already.
        case repeated
        /// It belongs to no invoice that is known.
        case unmatched
        /// It is of another asset than the option asks for.
        case wrongAsset = "wrong_asset"
    }

    /// The payment's identifier.
    public let id: PaymentID
    /// The invoice that it is for, when it is for one.
    public let invoice: InvoiceID?
    /// The option that it uses, when it uses one.
    public let option: PaymentOptionID?
    /// The merchant that it is for, when that is known.
    public let merchant: MerchantID?
    /// The rail that it came on.
    public let rail: Rail
    /// The provider that saw it, by its key in the registry.
    public let provider: String
    /// What makes the observation unique; crediting it twice is impossible.
    public let naturalKey: NaturalKey
    /// What came in.
    public let amount: Amount
    /// What it was worth in the invoice's price asset.
    public let value: Amount?
    /// The rate by which it was worth that, whose it was and when; none where nothing was converted.
    public let quote: Quote?
    /// How it relates to its invoice.
    public let classification: Classification
    /// Who paid, in the rail's own words: a Telegram user identifier or an address.
    public let payer: String?
    /// Where a refund goes, in the rail's own words; proven by the rail, not claimed by the customer.
    public let refundTarget: String?
    /// The rail's own proof, as JSON text: hashes, logical times, charge identifiers.
    public let evidence: String
    /// Where the payment stands.
    public let state: State
    /// When it happened, by the rail's clock.
    public let occurredAt: Timestamp
    /// When it was recorded here.
    public let recordedAt: Timestamp
    /// From when the money can be used; Stars are held for up to 21 days.
    public let availableAt: Timestamp

    /// A payment as it was recorded.
    public init(
        id: PaymentID,
        invoice: InvoiceID?,
        option: PaymentOptionID?,
        merchant: MerchantID?,
        rail: Rail,
        provider: String,
        naturalKey: NaturalKey,
        amount: Amount,
        value: Amount?,
        quote: Quote? = nil,
        classification: Classification,
        payer: String?,
        refundTarget: String?,
        evidence: String,
        state: State,
        occurredAt: Timestamp,
        recordedAt: Timestamp,
        availableAt: Timestamp
    ) {
        self.id = id
        self.invoice = invoice
        self.option = option
        self.merchant = merchant
        self.rail = rail
        self.provider = provider
        self.naturalKey = naturalKey
        self.amount = amount
        self.value = value
        self.quote = quote
        self.classification = classification
        self.payer = payer
        self.refundTarget = refundTarget
        self.evidence = evidence
        self.state = state
        self.occurredAt = occurredAt
        self.recordedAt = recordedAt
        self.availableAt = availableAt
    }
}

/// What makes an observation unique, for ever and on every node: a rail, a network and the rail's own key.
///
/// TON: account, logical time and hash of the chain transaction. EVM: chain, transaction hash, place of the log in
/// the transaction, so that it is the same in whichever block a reorganisation puts it.
/// Telegram: `telegram_payment_charge_id` and direction.
public struct NaturalKey: Hashable, Sendable, CustomStringConvertible {
    /// The key's text, compared as bytes.
    @Exact public private(set) var text: String

    /// The key made of `parts`, which must not contain a space or a line break; they are joined by a space.
    public init(_ parts: String...) {
        self.init(parts)
    }

    /// The key made of `parts`, which must not contain a space or a line break; they are joined by a space, in a form that
    /// every database keeps.
    public init(_ parts: [String]) {
        text = StorableText(parts.joined(separator: " ")).text
    }

    /// A key as it was stored.
    public init(stored text: String) {
        self.text = text
    }

    /// The key's text.
    public var description: String { text }
}
