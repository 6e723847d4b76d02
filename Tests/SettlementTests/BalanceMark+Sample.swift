import Money
import Payments
import Providers

extension BalanceMark {
    /// What an option's account held around a moment at which nothing moved there, where the rest is a payment like `arrival`.
    static func sample(_ arrival: IncomingTransfer, holding held: AmountSum?, on account: String) -> Self {
        var shown = arrival
        shown.isShownByBalance = true
        return BalanceMark(
            account: account,
            before: held,
            after: held,
            isOfOption: true,
            arrival: shown,
            change: AccountMovement(
                naturalKey: arrival.naturalKey,
                kind: .unexplained,
                amount: .zero(arrival.amount.asset),
                reason: "changed without a trace",
                place: nil,
                occurredAt: arrival.occurredAt
            )
        )
    }
}
