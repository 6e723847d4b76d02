package import Money
package import Seams

/// A recorded payment, for an invoice or unmatched.
package struct Payment: Hashable, Sendable {
    /// Where a payment stands.
    package enum State: String, Hashable, Sendable, CaseIterable {
        /// It counts.
        case final
        /// The rail took it back.
        case orphaned
    }

    /// How a payment relates to its invoice.
    package enum Classification: String, Hashable, Sendable, CaseIterable {
        /// It settles the invoice to the unit, or within the tolerance.
        case exact
        /// It covers a part of what is owed.
        case partial
        /// It settles the invoice with an excess.
        case over
        /// It came after the invoice's time.
        case late
        /// It came for an invoice that was settled already.
        case repeated
        /// It belongs to no known invoice.
        case unmatched
        /// It is of another asset than the option asks for.
        case wrongAsset = "wrong_asset"
    }

    /// The payment's identifier.
    package let id: PaymentID
    /// The invoice that it pays, if any.
    package let invoice: InvoiceID?
    /// The option that it uses, if any.
    package let option: PaymentOptionID?
    /// The merchant who is paid, when known.
    package let merchant: MerchantID?
    /// The rail that it came on.
    package let rail: Rail
    /// The provider that saw it, by its key in the registry.
    package let provider: String
    /// The natural key of the observation, which cannot be credited twice.
    package let naturalKey: NaturalKey
    /// The amount received.
    package let amount: Amount
    /// Its value in the invoice's price asset.
    package let value: Amount?
    /// The quote behind that value, with its source and time; nil where nothing was converted.
    package let quote: Quote?
    /// How it relates to its invoice.
    package var classification: Classification
    /// Who paid, in the rail's own words: a Telegram user identifier or an address.
    package let payer: String?
    /// The destination of a refund, in the rail's own words; proven by the rail, not claimed by the customer.
    package let refundTarget: String?
    /// The rail's own proof, as JSON text: hashes, logical times, charge identifiers.
    package let evidence: String
    /// Where the payment stands.
    package var state: State
    /// When it happened, by the rail's clock.
    package let occurredAt: Timestamp
    /// When it was recorded here.
    package let recordedAt: Timestamp
    /// When the money becomes available; Stars are held for up to 21 days.
    package let availableAt: Timestamp
    /// The number of its changes, with its making.
    package var version: Int64 = 1

    /// A payment as it was recorded.
    package init(
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

/// The unique key of an observation, on every node and for ever: a rail, a network and the rail's own key.
///
/// TON: account, logical time and hash of the chain transaction. EVM: chain, transaction hash, place of the log in the
/// transaction; the key stays the same when a reorganisation moves the transaction to another block. Telegram:
/// `telegram_payment_charge_id` and direction.
package struct NaturalKey: Hashable, Sendable, CustomStringConvertible {
    /// The key's text, compared as bytes.
    @Exact package private(set) var text: String

    /// The key made of `parts`, which must not contain a space or a line break; they are joined by a space.
    package init(_ parts: String...) {
        self.init(parts)
    }

    /// The key made of `parts`, which must not contain a space or a line break; they are joined by a space, in a form
    /// that every database can store.
    package init(_ parts: [String]) {
        text = StorableText(parts.joined(separator: " ")).text
    }

    /// A key as it was stored.
    package init(stored text: String) {
        self.text = text
    }

    /// Whether its first parts are those of another key.
    package func begins(with other: Self) -> Bool {
        let (mine, theirs) = (text.utf8, other.text.utf8)
        return mine.starts(with: theirs) && (mine.count == theirs.count || mine.dropFirst(theirs.count).first == 0x20)
    }

    /// The keys of its first part, of its first two, and so on.
    package var beginnings: [Self] {
        let bytes = Array(text.utf8)
        let ends = bytes.indices.filter { bytes[$0] == 0x20 } + [bytes.count]
        return ends.map { Self(stored: String(decoding: bytes[..<$0], as: UTF8.self)) }
    }

    /// The key's text.
    package var description: String { text }
}
