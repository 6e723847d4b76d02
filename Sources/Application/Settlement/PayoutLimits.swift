import Money
import Payments
import Providers
import Seams

/// Limits on the network's fee of a transfer, which the operator bears.
package struct PayoutLimits: Hashable, Sendable {
    /// The most that the network may charge for a transfer, in hundredths of a percent of its amount.
    package var networkFeeBasisPoints: Int

    /// The usual limit is a tenth of the amount.
    package init(networkFeeBasisPoints: Int = 1_000) {
        self.networkFeeBasisPoints = networkFeeBasisPoints
    }
}

extension Settlement {
    /// Refuses a payout or refund that is too small for its cost, before anything is set aside.
    ///
    /// Each asset has a minimum. The network's fee is compared where it is in the same asset, or a rate to that asset
    /// is known.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/amountTooSmall`` or
    ///   ``SettlementError/Code/networkFeeTooHigh``, and the field `amount`.
    func check(cost order: TransferOrder, at provider: any PaymentProvider, now: Timestamp) throws {
        guard provider.capabilities.paysOut else { return }
        let asset = try asset(order.amount.asset)
        guard try order.amount.compared(to: asset.payoutMinimum) != .less else {
            let least = "\(try asset.text(asset.payoutMinimum)) \(asset.code)"
            throw SettlementError(.amountTooSmall, "at least \(least) can be sent", parameter: "amount")
        }
        guard let fee = try excessiveFee(of: order, at: provider, now: now) else { return }
        let percent = "\(limits.networkFeeBasisPoints / 100).\(limits.networkFeeBasisPoints % 100 / 10) %"
        let reason =
            "the network would charge about \(try asset.text(fee)) \(asset.code), more than \(percent) of the amount"
        throw SettlementError(.networkFeeTooHigh, "\(reason); send more, or later", parameter: "amount")
    }

    /// The expected network fee of an order, in the asset that is sent, when it exceeds the limit; nil when it does
    /// not, or is unknown.
    func excessiveFee(of order: TransferOrder, at provider: any PaymentProvider, now: Timestamp) throws -> Amount? {
        guard let charged = provider.send?.expectedFee(of: order) else { return nil }
        return try excessiveFee(charged, of: order, now: now)
    }

    /// A charge for an order, in the asset that is sent, when it exceeds the limit; nil when it does not, or no rate is
    /// known.
    func excessiveFee(_ charged: Amount, of order: TransferOrder, now: Timestamp) throws -> Amount? {
        guard charged.isPositive else { return nil }
        let fee: Amount
        if charged.asset == order.amount.asset {
            fee = charged
        } else {
            guard let quote = try? rates.rate(charged.asset, in: order.amount.asset, at: now) else { return nil }
            let (from, to) = (try asset(charged.asset), try asset(order.amount.asset))
            fee = try quote.rate.convert(charged, from: from, to: to, rounding: .up)
        }
        let most = try order.amount.portion(basisPoints: limits.networkFeeBasisPoints, rounding: .towardZero)
        return try fee.compared(to: most) == .greater ? fee : nil
    }
}
