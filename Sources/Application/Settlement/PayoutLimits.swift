package import Money
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

/// What a merchant wants to be done with a transfer whose network fee is too high when it is requested.
package enum HighFeeChoice: String, Hashable, Sendable, CaseIterable {
    /// It is refused.
    case refuse
    /// Its money is set aside, and it waits until the fee has fallen or a batch shares it.
    case wait
}

/// A network fee beside the amount of the transfer that it is charged for.
package struct ComparedFee: Hashable, Sendable {
    /// The fee, in the asset in which the network takes it.
    package let charged: Amount
    /// The fee in the asset that is sent; nil when no rate is known.
    package let worth: Amount?
    /// The share of the amount that the fee is, in hundredths of a percent, rounded up; nil when no rate is known.
    package let basisPoints: Int?
    /// The highest share that is allowed, in hundredths of a percent.
    package let limit: Int

    /// Whether the fee exceeds the limit; a fee that cannot be compared does not.
    package var isTooHigh: Bool { basisPoints.map { $0 > limit } ?? false }
}

/// What happens to a transfer once it is requested.
package enum TransferProspect: String, Hashable, Sendable, CaseIterable {
    /// It is signed as soon as its wallet has a free number.
    case sentNow = "sent_now"
    /// Somebody has to approve it first.
    case waitsForApproval = "waits_for_approval"
    /// The fee is too high for it alone, and not in a batch of the rail.
    case waitsForBatch = "waits_for_batch"
    /// The fee has to fall.
    case waitsForLowerFee = "waits_for_lower_fee"
    /// The fee is too high, and the merchant did not want it to wait.
    case refused
}

/// The cost of a transfer and what follows from it.
struct TransferCost {
    /// The fee of the transfer alone; nil when it is unknown, or there is none.
    let fee: ComparedFee?
    /// What happens to the transfer, as far as its cost decides it.
    let prospect: TransferProspect
}

extension Settlement {
    /// The cost of a payout or refund, before anything is set aside.
    ///
    /// Each asset has a minimum. The network's fee is compared where it is in the same asset, or a rate to that asset
    /// is known.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/amountTooSmall`` and the field `amount`.
    func cost(
        of order: TransferOrder,
        _ choice: HighFeeChoice,
        at provider: any PaymentProvider,
        now: Timestamp
    ) throws -> TransferCost {
        guard provider.capabilities.paysOut else { return TransferCost(fee: nil, prospect: .sentNow) }
        let asset = try asset(order.amount.asset)
        guard try order.amount.compared(to: asset.payoutMinimum) != .less else {
            let least = "\(try asset.text(asset.payoutMinimum)) \(asset.code)"
            throw SettlementError(.amountTooSmall, "at least \(least) can be sent", parameter: "amount")
        }
        let fee = try fee(of: order, at: provider, now: now)
        guard fee?.isTooHigh == true else { return TransferCost(fee: fee, prospect: .sentNow) }
        guard choice == .wait else { return TransferCost(fee: fee, prospect: .refused) }
        let least = try provider.batch.flatMap { try leastBatch(for: order, by: $0, now: now) }
        return TransferCost(fee: fee, prospect: least == nil ? .waitsForLowerFee : .waitsForBatch)
    }

    /// The refusal of a transfer whose fee is too high.
    func refusal(_ cost: TransferCost) throws -> SettlementError {
        guard let fee = cost.fee, let worth = fee.worth else {
            return SettlementError(.networkFeeTooHigh, "the network's fee is too high", parameter: "amount")
        }
        let asset = try asset(worth.asset)
        let percent = "\(fee.limit / 100).\(fee.limit % 100 / 10) %"
        let reason =
            "the network would charge about \(try asset.text(worth)) \(asset.code), more than \(percent) of the amount"
        return SettlementError(
            .networkFeeTooHigh,
            "\(reason); send more, or later, or let it wait with 'on_high_fee'",
            parameter: "amount"
        )
    }

    /// The expected network fee of an order that is sent alone; nil when it is unknown, or there is none.
    func fee(of order: TransferOrder, at provider: any PaymentProvider, now: Timestamp) throws -> ComparedFee? {
        try provider.send?.expectedFee(of: order).map { try compare($0, with: order, now: now) }
    }

    /// A charge for an order beside its amount.
    func compare(_ charged: Amount, with order: TransferOrder, now: Timestamp) throws -> ComparedFee {
        let worth = try worth(of: charged, in: order.amount.asset, now: now)
        return ComparedFee(
            charged: charged,
            worth: worth,
            basisPoints: try worth?.basisPoints(of: order.amount),
            limit: limits.networkFeeBasisPoints
        )
    }

    /// Whether a raised fee is within the limit of one of the orders that it moves: the one that is signed again, and those
    /// that wait behind its number.
    func isWorth(_ charged: Amount, for orders: [TransferOrder], now: Timestamp) throws -> Bool {
        try orders.contains { try !compare(charged, with: $0, now: now).isTooHigh }
    }

    /// A charge in the asset that is sent, rounded up; nil when no rate is known.
    private func worth(of charged: Amount, in asset: AssetID, now: Timestamp) throws -> Amount? {
        guard charged.asset != asset, !charged.isZero else { return Amount(asset: asset, units: charged.units) }
        guard let quote = try? rates.rate(charged.asset, in: asset, at: now) else { return nil }
        let (from, to) = (try self.asset(charged.asset), try self.asset(asset))
        return try quote.rate.convert(charged, from: from, to: to, rounding: .up)
    }

    /// The least number of orders that have to be signed together, so that this order's part of the fee is within the
    /// limit; nil when the fee is too high in a full batch as well.
    func leastBatch(for order: TransferOrder, by sender: any BatchSending, now: Timestamp) throws -> Int? {
        func isTooHigh(among count: Int) throws -> Bool {
            guard let charged = sender.expectedFee(of: order, among: count) else { return false }
            return try compare(charged, with: order, now: now).isTooHigh
        }
        guard try isTooHigh(among: 1) else { return 1 }
        guard try !isTooHigh(among: sender.maximumBatch) else { return nil }
        // The fee never grows with the count.
        var (low, high) = (2, sender.maximumBatch)
        while low < high {
            let middle = (low + high) / 2
            if try isTooHigh(among: middle) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Which orders are signed together, when some of them need company to be worth their fee.
enum BatchChoice {
    /// The size of the largest batch in which each order has the company that it needs.
    ///
    /// That batch holds exactly the orders that need no more than its size.
    ///
    /// - Parameter needs: for each order the least size of a batch for it.
    /// - Returns: the size; zero when there is no such batch.
    static func size(for needs: [Int]) -> Int {
        let sorted = needs.sorted()
        return sorted.indices.last { sorted[$0] <= $0 + 1 }.map { $0 + 1 } ?? 0
    }
}
