package import BigInt
import Money
package import Payments

/// Decides what an unexplained change of the balance of an option's account means; no other place does.
///
/// What only balances have shown, balances also take back. Nodes that lie together can invent or hide a balance. When they
/// are honest again, the books have to be as if they had always been. Before and after, the recorded sum of an account is
/// its balance.
///
/// - A fall takes back payments that only a balance showed; what they do not cover is an unexplained change. A payment
///   that is larger than the fall is taken back too, and its rest waits as an unexplained change. Otherwise a customer
///   who adds a coin to an invented one would keep both.
/// - A rise first undoes unexplained falls. Then it brings back the payments that a balance has taken back, as the same
///   payments. Only the rest is a new payment.
package struct BalanceDifference: Hashable, Sendable {
    /// An unexplained change that stands.
    package struct Change: Hashable, Sendable {
        /// Its natural key.
        package let key: NaturalKey
        /// By how much the balance changed; negative when money left.
        package let units: BigInt

        /// A change.
        package init(key: NaturalKey, units: BigInt) {
            self.key = key
            self.units = units
        }
    }

    /// A payment that only the balance of its account showed.
    package struct Shown: Hashable, Sendable {
        /// The payment.
        package let payment: PaymentID
        /// How much it is.
        package let units: BigInt
        /// The lowest balance of the account since then.
        ///
        /// When it is below the payment's amount, the payment's money has been gathered and cannot fall any more.
        package let lowest: BigInt

        /// A payment.
        package init(payment: PaymentID, units: BigInt, lowest: BigInt? = nil) {
            self.payment = payment
            self.units = units
            self.lowest = lowest ?? units
        }

        /// Whether its money can still lie on the account.
        var mayLieThere: Bool { lowest >= units }
    }

    /// The decision; it changes the recorded sum by as much as the balance changed.
    package struct Outcome: Hashable, Sendable {
        /// The unexplained changes to undo.
        package var undone: [NaturalKey] = []
        /// The payments to take back.
        package var takenBack: [PaymentID] = []
        /// The payments to bring back.
        package var returned: [PaymentID] = []
        /// The units of a new payment; zero when there is none.
        package var payment: BigInt = 0
        /// The units of a new unexplained change; zero when there is none.
        package var change: BigInt = 0

        /// A decision.
        package init(
            undone: [NaturalKey] = [],
            takenBack: [PaymentID] = [],
            returned: [PaymentID] = [],
            payment: BigInt = 0,
            change: BigInt = 0
        ) {
            self.undone = undone
            self.takenBack = takenBack
            self.returned = returned
            self.payment = payment
            self.change = change
        }
    }

    /// The unexplained change of the balance.
    package let units: BigInt
    /// Whether a rise is a payment; tokens are paid by logs only.
    package let isPayable: Bool
    /// The unexplained changes of the account that stand, the oldest first.
    package let changes: [Change]
    /// The payments of the option that stand and that only a balance showed, the oldest first.
    package let payments: [Shown]
    /// Those that were taken back, the oldest first.
    package let orphans: [Shown]

    /// A difference, with the records of its account that stand.
    package init(
        units: BigInt,
        isPayable: Bool,
        changes: [Change] = [],
        payments: [Shown] = [],
        orphans: [Shown] = []
    ) {
        self.units = units
        self.isPayable = isPayable
        self.changes = changes
        self.payments = payments
        self.orphans = orphans
    }

    /// The decision.
    package var outcome: Outcome {
        guard isPayable, units != 0 else { return settled(to: sum, of: changes) }
        return units > 0 ? rise : fall
    }

    private var sum: BigInt { changes.reduce(units) { $0 + $1.units } }

    private var rise: Outcome {
        // A change that is too large to be an amount must not absorb a payment beside it.
        let pooled = changes.filter { $0.units < 0 || Self.canBeBooked($0.units) }
        var rest = pooled.reduce(units) { $0 + $1.units }
        guard rest > 0 else { return settled(to: rest, of: pooled) }
        var outcome = Outcome(undone: pooled.map(\.key))
        if let same = orphans.first(where: { $0.units == rest }) {
            outcome.returned = [same.payment]
            return outcome
        }
        // Several of them may have come in its place meanwhile.
        var (parts, others): (BigInt, [PaymentID]) = (0, [])
        for payment in payments.reversed() {
            parts += payment.units
            others.append(payment.payment)
            guard let same = orphans.first(where: { $0.units == rest + parts }) else { continue }
            outcome.takenBack = others
            outcome.returned = [same.payment]
            return outcome
        }
        for orphan in orphans where orphan.units <= rest {
            outcome.returned.append(orphan.payment)
            rest -= orphan.units
        }
        outcome.payment = rest
        return outcome
    }

    private var fall: Outcome {
        // Earlier unexplained rises are undone first.
        guard sum < 0 else { return settled(to: sum, of: changes) }
        var missing = -sum
        var takenBack: [PaymentID] = []
        var standing = Array(payments.filter(\.mayLieThere).reversed())
        if let same = standing.first(where: { $0.units == missing }) {
            standing = []
            takenBack = [same.payment]
            missing = 0
        }
        var larger: [Shown] = []
        for payment in standing {
            guard payment.units <= missing else {
                larger.append(payment)
                continue
            }
            takenBack.append(payment.payment)
            missing -= payment.units
        }
        if missing > 0, let broken = larger.first {
            takenBack.append(broken.payment)
            missing -= broken.units
        }
        var outcome = settled(to: -missing, of: changes)
        outcome.takenBack = takenBack
        return outcome
    }

    /// Makes changes add up to a sum: those that are a part of it stay, the others are undone, and a new one is the rest.
    private func settled(to sum: BigInt, of changes: [Change]) -> Outcome {
        var outcome = Outcome(change: sum)
        for change in changes {
            let rest = outcome.change - change.units
            guard change.units.signum() == sum.signum(), rest == 0 || rest.signum() == sum.signum() else {
                outcome.undone.append(change.key)
                continue
            }
            outcome.change = rest
        }
        return outcome
    }

    private static func canBeBooked(_ units: BigInt) -> Bool { units.magnitude.bitWidth <= AmountSum.bookedBits }
}
