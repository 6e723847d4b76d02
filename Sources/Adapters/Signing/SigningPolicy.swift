import Money
import Payments
import Providers

/// What may be signed: only what the books have asked for, only with the number that was compared with the chain, and
/// only to the stated receivers.
struct SigningPolicy {
    let keys: any WalletKeys

    /// Refuses an intent that must not be signed.
    ///
    /// - Parameters:
    ///   - intent: what the signature is asked for.
    ///   - content: what the bytes really do.
    ///   - permit: the right to sign, with what the books know of.
    /// - Throws: `ProviderError` with the code `refused`.
    func check(
        _ intent: SigningIntent,
        _ content: ReadContent,
        under permit: SigningPermit
    ) throws(ProviderError) {
        guard content.number == intent.number else {
            throw refusal("the bytes use number \(content.number), not \(intent.number)")
        }
        let expected: [ReadMovement]
        switch intent.purpose {
        case .orders(let orders):
            try allow(orders, intent, under: permit)
            expected = try movements(of: orders)
        case .gathering(let movements):
            guard case .option = intent.wallet, permit.wallet == (try keys.account(of: .payouts)) else {
                throw refusal("only a wallet of an option is emptied, and only while the one that pays out may sign")
            }
            guard permit.intents.contains(intent), movements.allSatisfy({ $0.to == .payouts }) else {
                throw refusal(
                    "a wallet of an option pays only the wallet that pays out, by a stored request"
                )
            }
            expected = try self.movements(of: movements)
        case .topUps(let movements):
            guard intent.wallet == .fees, permit.wallet == (try keys.account(of: .fees)),
                permit.intents.contains(intent)
            else {
                throw refusal("the wallet for fees has no stored request for number \(intent.number)")
            }
            guard movements.allSatisfy({ $0.units != nil && $0.to.option != nil }) else {
                throw refusal("the wallet for fees pays only wallets of options, and states the amount")
            }
            expected = try self.movements(of: movements)
        }
        guard !expected.isEmpty, content.movements == expected else {
            throw refusal("the bytes do not move what was asked for")
        }
    }

    /// Refuses orders that the books do not have for a number.
    ///
    /// A fresh number carries out orders that are stored and not signed. A number that was signed already carries out
    /// the same orders again.
    private func allow(
        _ orders: [TransferOrder],
        _ intent: SigningIntent,
        under permit: SigningPermit
    ) throws(ProviderError) {
        guard intent.wallet == .payouts, permit.wallet == (try keys.account(of: .payouts)) else {
            throw refusal("the permit is that of another wallet")
        }
        let isFresh = permit.number == nil || permit.number == intent.number
        if isFresh, Set(orders).count == orders.count, permit.orders.isSuperset(of: orders) { return }
        let signed = permit.underWay.filter { $0.prepared.sequence == intent.number }
        guard !signed.isEmpty, signed.map(\.order) == orders else {
            throw refusal("the books have no such order for number \(intent.number)")
        }
    }

    private func movements(of orders: [TransferOrder]) throws(ProviderError) -> [ReadMovement] {
        var movements: [ReadMovement] = []
        for order in orders {
            movements.append(
                ReadMovement(
                    receiver: try keys.account(named: order.destination),
                    asset: order.amount.asset,
                    units: order.amount.units,
                    message: try keys.message(saying: order.comment)
                )
            )
        }
        return movements
    }

    private func movements(of own: [OwnMovement]) throws(ProviderError) -> [ReadMovement] {
        var movements: [ReadMovement] = []
        for movement in own {
            movements.append(
                ReadMovement(
                    receiver: try keys.account(of: movement.to),
                    asset: movement.asset,
                    units: movement.units,
                    message: []
                )
            )
        }
        return movements
    }

    private func refusal(_ reason: String) -> ProviderError { ProviderError(.refused, "it is not signed: \(reason)") }
}
