package import Money
package import Payments

/// The balance of one of our accounts at a place of the history of a rail that is read as a whole.
///
/// What it holds at one mark and what it held at the one before have to be the same: what changed it between the two left
/// no trace there. What that means is ``BalanceDifference``'s to say.
package struct BalanceMark: Hashable, Sendable {
    /// The account in the rail's canonical form.
    package let account: String
    /// The balance before the changes at this place; nil when it is unknown.
    package let before: AmountSum?
    /// The balance after them; nil when it is unknown.
    package let after: AmountSum?
    /// What the place's own changes leave unexplained of how it changed there; nil where nobody tells.
    package let rest: AmountSum?
    /// By how much what is recorded of the place changes what it held.
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
        rest: AmountSum? = nil,
        recorded: AmountSum? = nil,
        isOfOption: Bool,
        arrival: IncomingTransfer?,
        change: AccountMovement
    ) {
        self.account = account
        self.before = before
        self.after = after
        self.rest = rest
        self.recorded = recorded
        self.isOfOption = isOfOption
        self.arrival = arrival
        self.change = change
    }

    /// What changed the account without a trace since it was last known to hold so much; all that is unexplained together.
    package func difference(to known: AmountSum?) -> AmountSum {
        var sum = rest ?? AmountSum(of: change.amount.asset)
        if let before, let known { sum.add(before.units - known.units) }
        return sum
    }

    /// The payment of the option by as much, under a name of its own; nil where a rise is no payment, or none can be booked.
    package func payment(of sum: AmountSum, named key: NaturalKey? = nil) -> IncomingTransfer? {
        guard var found = arrival, let amount = sum.booked, amount.isPositive else { return nil }
        found.amount = amount
        found.naturalKey = key ?? found.naturalKey
        return found
    }

    /// The observation of a change that nobody can explain, under a name of its own.
    package func unexplained(_ sum: AmountSum, named name: NaturalKey? = nil) -> Observation {
        let key = name ?? change.naturalKey
        guard let amount = sum.booked else {
            let found = SetAside(
                naturalKey: key,
                account: account,
                asset: sum.asset,
                units: "\(sum.units)",
                cause: .tooLarge,
                explanation: "a balance \(change.reason), by more than \(AmountSum.bookedBits) bits",
                occurredAt: change.occurredAt
            )
            return .setAside(found, bytes: [])
        }
        return .movement(
            AccountMovement(
                naturalKey: key,
                kind: change.kind,
                amount: amount,
                reason: change.reason,
                place: change.place,
                occurredAt: change.occurredAt
            )
        )
    }
}
