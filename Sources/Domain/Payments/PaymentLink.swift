package import Money
package import Seams

/// What everybody can buy by: each time an invoice of its own, until the stock is gone.
package struct PaymentLink: Hashable, Sendable {
    /// The link's identifier.
    package let id: PaymentLinkID
    /// Who sells.
    package let merchant: MerchantID
    /// The name of what is sold.
    package let title: String
    /// More about it.
    package let summary: String
    /// What it costs.
    package let price: Amount
    /// The invoice that is opened each time, as the merchant wrote it: JSON.
    package let template: String
    /// How many can be sold altogether; none: as many as are asked for.
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

    /// Whether an invoice of which something was paid, but not all, holds a piece of the stock for a while.
    ///
    /// A tenth of the price does, and a payment that is seen and not final yet. Less holds nothing, or dust would keep the
    /// stock from everybody.
    ///
    /// - Throws: `MoneyError` when the amounts are of different assets.
    /// - Returns: whether it does.
    package static func holdsPiece(received: Amount, of price: Amount) throws(MoneyError) -> Bool {
        guard !received.isZero else { return true }
        return try received.compared(to: price.portion(basisPoints: 1_000, rounding: .up)) != .less
    }

    /// How many can still be sold, when `taken` are sold or being paid; none: as many as are asked for.
    package func left(taken: Int) -> Int? {
        stock.map { max(0, $0 - taken) }
    }
}
