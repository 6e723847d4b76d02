package import Money
import Payments

/// One way of shipping.
package struct ShippingOption: Hashable, Sendable {
    /// The merchant's key for it.
    package let id: String
    /// The title for the customer.
    package let title: String
    /// The price.
    package let price: Amount

    /// A way of shipping.
    package init(id: String, title: String, price: Amount) {
        self.id = id
        self.title = title
        self.price = price
    }
}

/// The amounts that a customer may pay for an option in addition to its price: the chosen way of shipping, and a tip.
///
/// They decide whether a total is the order's, before the money is taken and after.
package struct OptionTerms: Hashable, Sendable {
    /// The ways of shipping from which the customer chooses one; nil when there is no choice.
    package let shipping: [ShippingOption]?
    /// The largest tip; nil when there is none.
    package let maximumTip: Amount?

    /// Terms of an option.
    package init(shipping: [ShippingOption]? = nil, maximumTip: Amount? = nil) {
        self.shipping = shipping
        self.maximumTip = maximumTip
    }

    /// The price alone.
    package static let none = Self()

    /// The fault in a payment that a customer is about to make.
    package enum Fault: Hashable, Sendable {
        /// The total is not that of the order.
        case total
        /// The way of shipping is not offered, or none was chosen.
        case shipping
    }

    /// Checks whether a total is the order's: the price, the chosen way of shipping, and a tip within its limit.
    ///
    /// - Parameters:
    ///   - total: the total that would be paid.
    ///   - price: the amount due without shipping and tip.
    ///   - choice: the chosen way of shipping; nil when none was chosen.
    /// - Throws: `MoneyError` when the assets differ or a sum does not fit.
    /// - Returns: the fault; nil when the total may be paid.
    package func fault(in total: Amount, for price: Amount, shippedBy choice: String?) throws(MoneyError) -> Fault? {
        guard let cost = try cost(of: choice, in: price.asset) else { return .shipping }
        let rest = try total.subtracting(price).subtracting(cost)
        return rest.isNegative ? .total : try rest == tip(within: rest) ? nil : .total
    }

    /// The amount due with shipping, for money that was taken already.
    ///
    /// When the customer's choice is not offered, the cheapest way counts, because no order costs less.
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

    /// The tip within the rest of a payment from which the amount due was subtracted.
    ///
    /// - Throws: `MoneyError` when the assets differ.
    package func tip(within rest: Amount) throws(MoneyError) -> Amount {
        guard rest.isPositive, let maximumTip, maximumTip.isPositive else { return .zero(rest.asset) }
        return try rest.compared(to: maximumTip) == .greater ? maximumTip : rest
    }

    /// The price of a choice; nil when it is not offered.
    private func cost(of choice: String?, in asset: AssetID) throws(MoneyError) -> Amount? {
        guard let shipping else { return choice == nil ? .zero(asset) : nil }
        return shipping.first { option in choice.map { option.id.utf8.elementsEqual($0.utf8) } ?? false }?.price
    }
}
