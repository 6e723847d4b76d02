package import Money
import Payments

/// One way of shipping.
package struct ShippingOption: Hashable, Sendable {
    /// The merchant's key for it.
    package let id: String
    /// What the customer reads.
    package let title: String
    /// What it costs.
    package let price: Amount

    /// A way of shipping.
    package init(id: String, title: String, price: Amount) {
        self.id = id
        self.title = title
        self.price = price
    }
}

/// What a customer may pay for an option beside its price: the way of shipping that they choose, and a tip.
///
/// With it the total that belongs to an order is known, before the money is taken and after.
package struct OptionTerms: Hashable, Sendable {
    /// The ways of shipping of which the customer chooses one; nil when nothing is chosen.
    package let shipping: [ShippingOption]?
    /// The largest tip; nil when there is none.
    package let maximumTip: Amount?

    /// What may be paid beside the price.
    package init(shipping: [ShippingOption]? = nil, maximumTip: Amount? = nil) {
        self.shipping = shipping
        self.maximumTip = maximumTip
    }

    /// The price alone.
    package static let none = Self()

    /// What is wrong with what a customer is about to pay.
    package enum Fault: Hashable, Sendable {
        /// It is another total than that of the order.
        case total
        /// The way of shipping is none that is offered, or none was chosen.
        case shipping
    }

    /// Looks whether a total is the order's: the price, the chosen way of shipping, and a tip within its limit.
    ///
    /// - Parameters:
    ///   - total: what would be paid.
    ///   - price: what is due without shipping and tip.
    ///   - choice: the chosen way of shipping; nil when none was chosen.
    /// - Throws: `MoneyError` when the assets differ or a sum does not fit.
    /// - Returns: what is wrong; nil when it may be paid.
    package func fault(in total: Amount, for price: Amount, shippedBy choice: String?) throws(MoneyError) -> Fault? {
        guard let cost = try cost(of: choice, in: price.asset) else { return .shipping }
        let rest = try total.subtracting(price).subtracting(cost)
        return rest.isNegative ? .total : try rest == tip(within: rest) ? nil : .total
    }

    /// What is due with shipping, of money that was taken already.
    ///
    /// Where the customer chose nothing that is offered, the cheapest way is due: no order costs less.
    ///
    /// - Throws: `MoneyError` when the assets differ or the sum does not fit.
    package func due(for price: Amount, shippedBy choice: String?) throws(MoneyError) -> Amount {
        if let cost = try cost(of: choice, in: price.asset) { return try price.adding(cost) }
        var least: Amount?
        for option in shipping ?? [] {
            if let known = least, try option.price.compared(to: known) != .less { continue }
            least = option.price
        }
        return try least.map { least throws(MoneyError) in try price.adding(least) } ?? price
    }

    /// How much of what is left of a payment, when all that is due is taken off, is a tip.
    ///
    /// - Throws: `MoneyError` when the assets differ.
    package func tip(within rest: Amount) throws(MoneyError) -> Amount {
        guard rest.isPositive, let maximumTip, maximumTip.isPositive else { return .zero(rest.asset) }
        return try rest.compared(to: maximumTip) == .greater ? maximumTip : rest
    }

    /// What a choice costs; nil when it is none of those that are offered.
    private func cost(of choice: String?, in asset: AssetID) throws(MoneyError) -> Amount? {
        guard let shipping else { return choice == nil ? .zero(asset) : nil }
        return shipping.first { option in choice.map { option.id.utf8.elementsEqual($0.utf8) } ?? false }?.price
    }
}
