import BigInt
package import Money
package import Seams

/// One way to pay an invoice: a rail, an asset, an amount, and what the customer needs to pay it.
package struct PaymentOption: Hashable, Sendable {
    /// The option's identifier.
    package let id: PaymentOptionID
    /// The invoice that it pays.
    package let invoice: InvoiceID
    /// The rail that it uses.
    package let rail: Rail
    /// The provider that serves it, by its key in the registry.
    package let provider: String
    /// The amount that the customer pays on this rail.
    package private(set) var due: Amount
    /// The value of `due` in the invoice's price asset: the price itself.
    package let price: Amount
    /// The quote that turned the price into `due`, with its source and time; nil when the asset is the price's.
    package private(set) var quote: Quote?
    /// The payment instruction for the customer.
    package private(set) var instruction: PaymentInstruction
    /// The reference that a transfer for this option carries.
    package private(set) var reference: PaymentReference
    /// The rail's own settings with which it was opened (tips, shipping).
    package let settings: Labels
    /// How often its quote was renewed.
    package private(set) var renewals: Int

    /// An option as it was opened or stored.
    package init(
        id: PaymentOptionID,
        invoice: InvoiceID,
        rail: Rail,
        provider: String,
        due: Amount,
        price: Amount,
        quote: Quote?,
        instruction: PaymentInstruction,
        reference: PaymentReference,
        settings: Labels = [:],
        renewals: Int = 0
    ) {
        self.id = id
        self.invoice = invoice
        self.rail = rail
        self.provider = provider
        self.due = due
        self.price = price
        self.quote = quote
        self.instruction = instruction
        self.reference = reference
        self.settings = settings
        self.renewals = renewals
    }

    /// How long after a quote's end a payment may still use it: a transfer that the customer signed in time needs this
    /// long to get into a block.
    package static let quoteGrace = Duration.seconds(180)

    /// The most renewals of one option.
    package static let renewalLimit = 100

    /// The option at a new quote; the instruction opened for it and the earlier ones all pay it.
    package func renewed(
        due: Amount,
        quote: Quote,
        instruction: PaymentInstruction,
        reference: PaymentReference
    ) -> Self {
        var renewed = self
        (renewed.due, renewed.quote, renewed.instruction, renewed.reference) = (due, quote, instruction, reference)
        renewed.renewals += 1
        return renewed
    }

    /// The option as it was when a payment was made: at the first quote that had not ended, or at the last one.
    ///
    /// - Parameters:
    ///   - moment: when the payment was made.
    ///   - past: the quotes that were renewed, the oldest first.
    /// - Returns: the option with the amount due at that quote.
    package func held(at moment: Timestamp, past: [PastQuote]) -> Self {
        guard let held = past.first(where: { moment <= $0.quote.validUntil.advanced(by: Self.quoteGrace) }) else {
            return self
        }
        var option = self
        (option.due, option.quote) = (held.due, held.quote)
        return option
    }

    /// Whether the option's quote had ended at the moment of a payment.
    package func hasEnded(before moment: Timestamp) -> Bool {
        quote.map { $0.validUntil.advanced(by: Self.quoteGrace) < moment } ?? false
    }

    /// The option with a higher amount due for the same price, because of the chosen way of shipping.
    package func costing(_ due: Amount) -> Self {
        var option = self
        option.due = due
        return option
    }

    /// The value of `paid` in the price asset at this option's fixed rate, rounded down; that of `due` is exactly the
    /// price.
    ///
    /// - Throws: ``PaymentsError/amount(_:)`` when `paid` is of another asset.
    package func value(of paid: Amount) throws(PaymentsError) -> Amount {
        try Self.scaled(paid, from: due, to: price, roundingUp: false)
    }

    /// The cost of `value` of the price asset on this rail at this option's fixed rate, rounded up.
    ///
    /// - Throws: ``PaymentsError/amount(_:)`` when `value` is of another asset than the price.
    package func cost(of value: Amount) throws(PaymentsError) -> Amount {
        try Self.scaled(value, from: price, to: due, roundingUp: true)
    }

    private static func scaled(
        _ amount: Amount,
        from: Amount,
        to: Amount,
        roundingUp: Bool
    ) throws(PaymentsError) -> Amount {
        guard amount.asset == from.asset else {
            throw .amount(.differentAssets("\(amount.asset) is not \(from.asset)"))
        }
        if amount == from { return to }
        if from.asset == to.asset, from == to { return amount }
        let product = BigInt(amount.units) * BigInt(to.units)
        let (quotient, remainder) = product.quotientAndRemainder(dividingBy: BigInt(from.units))
        let units = roundingUp && remainder > 0 ? quotient + 1 : quotient
        guard let fitted = Int256(exactly: units) else { throw .amount(.overflow("the amount needs over 255 bits")) }
        return Amount(asset: to.asset, units: fitted)
    }
}

/// A quote that was renewed, and the amount due at it.
package struct PastQuote: Hashable, Sendable {
    /// The amount due at it.
    package let due: Amount
    /// The quote.
    package let quote: Quote

    /// A quote that was renewed.
    package init(due: Amount, quote: Quote) {
        self.due = due
        self.quote = quote
    }
}

/// The instruction with which a customer pays an option.
package enum PaymentInstruction: Hashable, Sendable {
    /// A Telegram invoice link, for `openInvoice` or to be sent.
    case invoiceLink(url: String)
    /// An address, with the comment that the transfer has to carry where the address is shared; `link` opens a wallet
    /// and is also the QR code's content.
    case deposit(address: String, comment: String?, link: String)
}

/// The reference that ties an observed transfer to an option: unique on its rail while the option lives.
package struct PaymentReference: Hashable, Sendable {
    /// The namespace, for example `telegram:payload`, `ton:comment:<account>` or `ton:account`.
    @Exact package private(set) var scope: String
    /// The value within the namespace, compared as bytes.
    @Exact package private(set) var value: String

    /// The reference `value` within `scope`.
    package init(scope: String, value: String) {
        self.scope = scope
        self.value = value
    }
}
