package import Money
import Payments

/// The balance of one of our accounts at a place of the history of a rail that is read as a whole.
///
/// The balance before this mark has to equal the balance after the previous one. A difference left no trace on the
/// rail, and becomes an observation of its own.
package struct BalanceMark: Hashable, Sendable {
    /// The account in the rail's canonical form.
    package let account: String
    /// The balance before the changes at this place; nil when it is unknown.
    package let before: AmountSum?
    /// The balance after them; nil when it is unknown.
    package let after: AmountSum?
    /// The change of the balance that is recorded for this place.
    ///
    /// Where the balance is unknown, the next mark with a known balance finds the rest.
    package let recorded: AmountSum?
    /// Whether it is an option's account, whose balance was zero before its first recorded observation.
    package let isOfOption: Bool
    /// The payment to record for the option when an arrival is found; nil where an arrival is no payment.
    package let arrival: IncomingTransfer?
    /// The unexplained movement to record otherwise.
    package let change: AccountMovement

    /// A balance mark.
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

    /// The observation for a difference that is not zero.
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
    /// The same transfer with another amount.
    fileprivate func with(_ amount: Amount) -> Self {
        var other = self
        other.amount = amount
        return other
    }
}
