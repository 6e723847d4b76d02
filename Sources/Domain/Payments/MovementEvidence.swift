package import Money
package import Seams

/// A place on a rail, named as by the rail itself and its explorers.
package struct RailPlace: Hashable, Sendable {
    /// The network, in the rail's own words: `mainnet`, or the number of a chain.
    package let network: String?
    /// Our account whose balance changed.
    package let account: String?
    /// The chain transaction's hash, or the rail's own number of it; nil when no single one shows the change.
    package let transaction: String?
    /// The block's hash, where only that is known.
    package let block: String?

    /// A place.
    package init(network: String?, account: String?, transaction: String?, block: String? = nil) {
        self.network = network
        self.account = account
        self.transaction = transaction
        self.block = block
    }
}

/// The details of an unexpected movement, stored with its case: the person who looks for it on the rail has nothing
/// else.
package struct MovementEvidence: Hashable, Sendable {
    /// A receiver and the amount, when a wallet's key has signed the movement.
    package struct Receiver: Hashable, Sendable {
        /// The receiver in the rail's canonical form.
        package let destination: String
        /// How much.
        package let amount: Amount

        /// A receiver.
        package init(destination: String, amount: Amount) {
            self.destination = destination
            self.amount = amount
        }
    }

    /// The provider that has the account.
    package let provider: String
    /// Its place on the rail; nil where only its natural key is known.
    package let place: RailPlace?
    /// The movement as the rail shows it, in a sentence.
    package let reason: String
    /// The receivers, as far as the rail shows them.
    package let receivers: [Receiver]
    /// When it happened, by the rail's clock.
    package let occurredAt: Timestamp

    /// The identifier to look for on the rail: the chain transaction, or else the block; nil where only the natural key
    /// is known.
    package var sought: String? {
        place?.transaction ?? place?.block.map { "block \($0)" }
    }

    /// The details of a movement.
    package init(
        provider: String,
        place: RailPlace?,
        reason: String,
        receivers: [Receiver] = [],
        occurredAt: Timestamp
    ) {
        self.provider = provider
        self.place = place
        self.reason = reason
        self.receivers = receivers
        self.occurredAt = occurredAt
    }
}
