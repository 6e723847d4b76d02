package import Money
package import Payments
package import Seams

/// A payment that left by a wallet's key and was not signed here: one receiver of one movement.
package struct WalletSpend: Hashable, Sendable {
    /// The receiver and the amount.
    package struct Payment: Hashable, Sendable {
        /// The receiver in the rail's canonical form.
        package let destination: String
        /// How much.
        package let amount: Amount
        /// The comment for the receiver.
        package let comment: [UInt8]?
        /// The number by which the rail carries an order's identifier.
        package let tag: String?

        /// The receiver and the amount.
        package init(destination: String, amount: Amount, comment: [UInt8]?, tag: String?) {
            self.destination = destination
            self.amount = amount
            self.comment = comment
            self.tag = tag
        }
    }

    /// The natural key of the movement.
    package let key: NaturalKey
    /// Which of the movement's receivers.
    package let position: Int
    /// The provider.
    package let provider: String
    /// The wallet.
    package let wallet: String
    /// The number that was used; nil when it cannot be read.
    package let number: Int64?
    /// The chain transaction.
    package let evidence: String
    /// By how much the wallet's balance changed, for all receivers together.
    package let movement: Amount
    /// The receiver and the amount; nil when they are unknown.
    package let payment: Payment?
    /// The transfer of ours to which a person has assigned it.
    package var transfer: String?
    /// When it happened, by the rail's clock.
    package let occurredAt: Timestamp

    /// A payment that was not signed here.
    package init(
        key: NaturalKey,
        position: Int,
        provider: String,
        wallet: String,
        number: Int64?,
        evidence: String,
        movement: Amount,
        payment: Payment?,
        transfer: String? = nil,
        occurredAt: Timestamp
    ) {
        self.key = key
        self.position = position
        self.provider = provider
        self.wallet = wallet
        self.number = number
        self.evidence = evidence
        self.movement = movement
        self.payment = payment
        self.transfer = transfer
        self.occurredAt = occurredAt
    }
}
