package import BigInt
import Money
package import Payments

/// What becomes of a change of an option's account that left no trace: the one place that decides.
///
/// What only balances have shown, balances also take back. Nodes that lie together can invent a balance or hide one, and
/// are honest again later; then everything has to be as if they had always been. The sum of what is recorded of an account
/// is what it holds, before and after.
///
/// - A fall takes back payments of which only a balance told; only what they do not cover is a change that nobody can
///   explain. A payment that is larger than the fall is taken back too, and what is left of it waits as a change: whoever
///   adds a coin of his own to an invented one would keep both otherwise.
/// - A rise takes back the falls that nobody could explain; then payments that a balance has taken back come again, as the
///   same ones; and only the rest is a new payment.
package struct BalanceDifference: Hashable, Sendable {
    /// A change that nobody can explain, and that stands.
    package struct Change: Hashable, Sendable {
        /// Under which it is recorded.
        package let key: NaturalKey
        /// By how much the balance changed; negative when money left.
        package let units: BigInt

        /// A change.
        package init(key: NaturalKey, units: BigInt) {
            self.key = key
            self.units = units
        }
    }

    /// A payment of which only the balance of its account told.
    package struct Shown: Hashable, Sendable {
        /// The payment.
        package let payment: PaymentID
        /// How much it is.
        package let units: BigInt
        /// The least that the account held since: money that was less than this payment afterwards has been gathered, and is
        /// no longer there to fall.
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

    /// What is done; what is recorded changes by as much as the balance did.
    package struct Outcome: Hashable, Sendable {
        /// The changes that were none.
        package var undone: [NaturalKey] = []
        /// The payments that are taken back.
        package var takenBack: [PaymentID] = []
        /// The payments that come again.
        package var returned: [PaymentID] = []
        /// What is a new payment; zero for none.
        package var payment: BigInt = 0
        /// What is a new change that nobody can explain; zero for none.
        package var change: BigInt = 0

        /// What is done.
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

    /// By how much the balance changed without a trace.
    package let units: BigInt
    /// Whether a rise is a payment; of tokens only logs are.
    package let isPayable: Bool
    /// The changes of the account that stand, the oldest first.
    package let changes: [Change]
    /// The payments of the option that stand and that only a balance showed, the oldest first.
    package let payments: [Shown]
    /// Those that were taken back, the oldest first.
    package let orphans: [Shown]

    /// A difference, and what stands of its account.
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

    /// What is done.
    package var outcome: Outcome {
        guard isPayable, units != 0 else { return settled(to: sum, of: changes) }
        return units > 0 ? rise : fall
    }

    private var sum: BigInt { changes.reduce(units) { $0 + $1.units } }

    private var rise: Outcome {
        // What is too large to be money never swallows what somebody pays beside it.
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
        // What nobody could explain of what came before goes first.
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

    /// Has changes add up to a sum: those that are a part of it stay, the others are undone, and one more is the rest.
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
