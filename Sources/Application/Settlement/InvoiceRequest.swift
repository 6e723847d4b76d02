package import Money
package import Payments
package import Records
package import Seams
package import Storage

/// A merchant's request for an invoice.
package struct InvoiceRequest: Sendable {
    /// One rail that the merchant wants to offer.
    package struct Choice: Hashable, Sendable {
        /// The rail.
        package let rail: Rail
        /// The asset that is paid; nil: the provider's first one that the price can be converted to.
        package let asset: AssetID?
        /// The amount that is paid, when the merchant sets it; nil: the price at the current rate.
        package let amount: Amount?
        /// The rail's own settings (tips, shipping), by the provider's names.
        package let settings: Labels

        /// A rail that the merchant wants to offer.
        package init(rail: Rail, asset: AssetID? = nil, amount: Amount? = nil, settings: Labels = [:]) {
            self.rail = rail
            self.asset = asset
            self.amount = amount
            self.settings = settings
        }
    }

    /// The merchant's own number for the order, at most 128 bytes.
    package var reference: String?
    /// The name of what is sold, 1 to 32 characters.
    package var title: String
    /// More about it, 1 to 255 characters.
    package var summary: String
    /// What kind of goods.
    package var goods: Invoice.Goods
    /// Where the customer pays.
    package var place: RailPolicy.Place
    /// The amount that is owed.
    package var price: Amount
    /// How the price is split for the customer; the parts add up to the price.
    package var lines: [InvoiceLine]
    /// The rails to offer; empty: all that the policy and the providers allow.
    package var choices: [Choice]
    /// For how long the invoice can be paid.
    package var lifetime: Duration
    /// For how long after that late payments are looked for.
    package var monitoring: Duration
    /// How much less than the price still settles it, in hundredths of a percent.
    package var toleranceBasisPoints: Int
    /// The Telegram user who alone may pay.
    package var payer: Int64?
    /// The merchant's own labels.
    package var metadata: Labels
    /// Where the checkout page leads back to: an absolute URL.
    package var returnURL: String?
    /// The link by which a customer opens it.
    package var paymentLink: PaymentLinkID?
    /// The visitors who open it by the link, as far as customers can be told apart: it takes a place of each.
    package var visitors: [LinkVisitor] = []
    /// The subscription that it begins.
    package var subscription: Subscription?

    /// A request with the usual times: an hour to pay, a day of monitoring.
    package init(
        title: String,
        summary: String,
        goods: Invoice.Goods,
        price: Amount,
        place: RailPolicy.Place = .telegram,
        reference: String? = nil,
        lines: [InvoiceLine] = [],
        choices: [Choice] = [],
        lifetime: Duration = .seconds(3_600),
        monitoring: Duration = .seconds(86_400),
        toleranceBasisPoints: Int = 0,
        payer: Int64? = nil,
        metadata: Labels = [:]
    ) {
        self.title = title
        self.summary = summary
        self.goods = goods
        self.price = price
        self.place = place
        self.reference = reference
        self.lines = lines
        self.choices = choices
        self.lifetime = lifetime
        self.monitoring = monitoring
        self.toleranceBasisPoints = toleranceBasisPoints
        self.payer = payer
        self.metadata = metadata
    }
}

/// An invoice with the ways to pay it, and its sightings.
package struct InvoiceWithOptions: Hashable, Sendable {
    /// The invoice.
    package let invoice: Invoice
    /// The ways to pay it.
    package let options: [PaymentOption]
    /// The payments that were seen and can still be undone.
    package let sightings: [StoredSighting]
    /// The number of changes of the invoice, with the renewals of its options.
    package var version: Int64 { options.reduce(invoice.version) { $0 + Int64($1.renewals) } }

    /// An invoice and its options.
    package init(invoice: Invoice, options: [PaymentOption], sightings: [StoredSighting] = []) {
        self.invoice = invoice
        self.options = options
        self.sightings = sightings
    }

    /// An invoice that was found by a reference; `invoice` replaces it when its status has changed since.
    ///
    /// - Throws: what the database throws.
    init(_ match: OptionMatch, now invoice: Invoice? = nil, in session: any SQLSession) throws {
        self.init(
            invoice: invoice ?? match.invoice,
            options: match.options,
            sightings: match.isSeen ? try session.sightings(of: match.invoice.id) : []
        )
    }

    /// An invoice with what is stored about it.
    ///
    /// - Throws: what the database throws.
    package init(_ invoice: Invoice, in session: any SQLSession) throws {
        self.init(
            invoice: invoice,
            options: try session.options(of: invoice.id),
            sightings: try session.sightings(of: invoice.id)
        )
    }
}
