package import Money
package import Seams

/// One line of a price.
package struct InvoiceLine: Hashable, Sendable {
    /// The name of the line.
    package let label: String
    /// How much.
    package let amount: Amount

    /// A line of a price.
    package init(label: String, amount: Amount) {
        self.label = label
        self.amount = amount
    }
}

/// An invoice: the amount that a customer owes a merchant.
package struct Invoice: Hashable, Sendable {
    /// The kind of goods, which decides how they may be paid.
    package enum Goods: String, Hashable, Sendable, CaseIterable, Codable {
        /// Something delivered inside an app: only Stars inside Telegram (developer terms, section 6.2).
        case digital
        /// Something shipped.
        case physical
        /// Something done for the customer outside Telegram.
        case service
    }

    /// The invoice's identifier.
    package let id: InvoiceID
    /// Who is paid.
    package let merchant: MerchantID
    /// The merchant's own number for the order, up to 128 bytes of UTF-8; compared as bytes.
    package let reference: String?
    /// The name of what is sold, 1 to 32 characters (Bot API, `createInvoiceLink`).
    package let title: String
    /// More about what is sold, 1 to 255 characters.
    package let summary: String
    /// The kind of goods.
    package let goods: Goods
    /// The amount owed.
    package let price: Amount
    /// The shortfall that still settles the invoice, in hundredths of a percent of the price.
    package let toleranceBasisPoints: Int
    /// The only Telegram user who may pay, when the merchant named one.
    package let payer: Int64?
    /// The merchant's own labels, at most 50 of them.
    package let metadata: Labels
    /// The URL to which the checkout page returns, when the merchant named one.
    package let returnURL: String?
    /// The payment link by which a customer opened it; nil when the merchant opened it.
    package let paymentLink: PaymentLinkID?
    /// The subscription of which it pays a period; nil when it pays none.
    package let subscription: SubscriptionID?
    /// The paid media that it pays for; nil when it pays for none.
    package let paidMedia: PaidMediaID?
    /// How the price is split for the customer; empty when it is one line.
    package let lines: [InvoiceLine]
    /// The rails that were to be offered and could not be opened.
    package let unavailableRails: [UnavailableRail]
    /// When it was opened.
    package let createdAt: Timestamp
    /// Until when a payment is on time; on chains, block time decides.
    package let expiresAt: Timestamp
    /// Until when a late payment is still looked for and matched.
    package let monitoredUntil: Timestamp
    /// Where the invoice stands.
    package var status: InvoiceStateMachine
    /// When it became settled.
    package var settledAt: Timestamp?
    /// The number of its changes, with its making.
    package var version: Int64 = 1

    /// An invoice as it was opened or stored.
    package init(
        id: InvoiceID,
        merchant: MerchantID,
        reference: String?,
        title: String,
        summary: String,
        goods: Goods,
        price: Amount,
        toleranceBasisPoints: Int = 0,
        payer: Int64? = nil,
        metadata: Labels = [:],
        returnURL: String? = nil,
        paymentLink: PaymentLinkID? = nil,
        subscription: SubscriptionID? = nil,
        paidMedia: PaidMediaID? = nil,
        lines: [InvoiceLine] = [],
        unavailableRails: [UnavailableRail] = [],
        createdAt: Timestamp,
        expiresAt: Timestamp,
        monitoredUntil: Timestamp,
        status: InvoiceStateMachine,
        settledAt: Timestamp? = nil
    ) {
        self.id = id
        self.merchant = merchant
        self.reference = reference
        self.title = title
        self.summary = summary
        self.goods = goods
        self.price = price
        self.toleranceBasisPoints = toleranceBasisPoints
        self.payer = payer
        self.metadata = metadata
        self.returnURL = returnURL
        self.paymentLink = paymentLink
        self.subscription = subscription
        self.paidMedia = paidMedia
        self.lines = lines
        self.unavailableRails = unavailableRails
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.monitoredUntil = monitoredUntil
        self.status = status
        self.settledAt = settledAt
    }
}
