package import Money
import Payments

/// What an account of ours held at a place of a rail's history that is read as a whole.
///
/// What it holds at one mark and what it held at the one before have to be the same: what changed it between the two left
/// no trace there, and becomes an observation of its own.
package struct BalanceMark: Hashable, Sendable {
    /// The account in the rail's canonical form.
    package let account: String
    /// What it held before the place's own changes; nil when nobody tells.
    package let before: AmountSum?
    /// What it held after them.
    package let after: AmountSum?
    /// By how much what is recorded of the place changes what it held.
    ///
    /// Where nobody tells what it held, that is all there is: the next mark that tells finds the rest.
    package let recorded: AmountSum?
    /// Whether it is an option's account, which held nothing before anything of it was recorded.
    package let isOfOption: Bool
    /// A payment of the option whose account it is, by as much as was found; nil where that is no payment.
    package let arrival: IncomingTransfer?
    /// What else was found: a change that nobody can explain.
    package let change: AccountMovement

    /// What an account held.
    package init(
        account: String,
        before: AmountSum?,
        after: AmountSum?,
        recorded: AmountSum? = nil,
        isOfOption: Bool,
        arrival: IncomingTransfer?,
        change: AccountMovement
    ) {
        self.account = account
        self.before = before
        self.after = after
        self.recorded = recorded
        self.isOfOption = isOfOption
        self.arrival = arrival
        self.change = change
    }

    /// The observation of a difference that is not zero.
    package func observation(of difference: AmountSum) -> Observation {
        guard let difference = difference.booked else {
            let found = SetAside(
                naturalKey: change.naturalKey,
                account: account,
                asset: difference.asset,
                units: "\(difference.units)",
                cause: .tooLarge,
                explanation: "a balance \(change.reason), by more than \(AmountSum.bookedBits) bits",
                occurredAt: change.occurredAt
            )
            return .setAside(found, bytes: [])
        }
        if difference.isPositive, let arrival { return .incoming(arrival.with(difference)) }
        return .movement(
            AccountMovement(
                naturalKey: change.naturalKey,
                kind: change.kind,
                amount: difference,
                reason: change.reason,
                place: change.place,
                occurredAt: change.occurredAt
            )
        )
    }
}

extension IncomingTransfer {
    /// The same transfer of another amount.
    fileprivate func with(_ amount: Amount) -> Self {
        var other = self
        other.amount = amount
        return other
    }
}
