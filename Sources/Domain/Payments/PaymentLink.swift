package import Money
package import Seams

/// A link by which everybody can buy: each sale opens an invoice of its own, until the stock is gone.
package struct PaymentLink: Hashable, Sendable {
    /// The link's identifier.
    package let id: PaymentLinkID
    /// The merchant who sells.
    package let merchant: MerchantID
    /// The name of what is sold.
    package let title: String
    /// More about it.
    package let summary: String
    /// The price.
    package let price: Amount
    /// The template of the invoices, as JSON written by the merchant.
    package let template: String
    /// How many can be sold in total; nil when there is no limit.
    package var stock: Int?
    /// Whether it sells.
    package var isActive: Bool
    /// When it was made.
    package let createdAt: Timestamp

    /// A link as it was made or stored.
    package init(
        id: PaymentLinkID,
        merchant: MerchantID,
        title: String,
        summary: String,
        price: Amount,
        template: String,
        stock: Int?,
        isActive: Bool = true,
        createdAt: Timestamp
    ) {
        self.id = id
        self.merchant = merchant
        self.title = title
        self.summary = summary
        self.price = price
        self.template = template
        self.stock = stock
        self.isActive = isActive
        self.createdAt = createdAt
    }

    /// Whether an invoice that was paid in part holds a piece of the stock for a while.
    ///
    /// A tenth of the price does, and so does a payment that is not final yet. A smaller part does not, or dust would
    /// block the stock for everybody.
    ///
    /// - Throws: `MoneyError` when the amounts are of different assets.
    /// - Returns: whether it does.
    package static func holdsPiece(received: Amount, of price: Amount) throws(MoneyError) -> Bool {
        guard !received.isZero else { return true }
        return try received.compared(to: price.portion(basisPoints: 1_000, rounding: .up)) != .less
    }

    /// How many can still be sold when `taken` are sold or being paid; nil when there is no limit.
    package func left(taken: Int) -> Int? {
        stock.map { max(0, $0 - taken) }
    }
}
