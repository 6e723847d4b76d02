package import Money
package import Seams

/// Where on a rail something is found, by the names that the rail itself and its explorers know.
package struct RailPlace: Hashable, Sendable {
    /// The network, in the rail's own words: `mainnet`, or the number of a chain.
    package let network: String?
    /// The account of ours whose balance changed.
    package let account: String?
    /// The chain transaction's hash, or the rail's own number of it; none when no single one shows it.
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

/// What is known of a movement that nobody asked for, kept beside its case: the person who looks at the rail has nothing
/// else to look by.
package struct MovementEvidence: Hashable, Sendable {
    /// Who got how much, when a wallet's key has signed it.
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

    /// The provider whose account it was.
    package let provider: String
    /// Where it is found; none where only its natural key is known.
    package let place: RailPlace?
    /// What the rail shows, in a sentence.
    package let reason: String
    /// Who got what left, as far as the rail shows it.
    package let receivers: [Receiver]
    /// When it happened, by the rail's clock.
    package let occurredAt: Timestamp

    /// What to look for on the rail: the chain transaction, or else the block; none where only the natural key is known.
    package var sought: String? {
        place?.transaction ?? place?.block.map { "block \($0)" }
    }

    /// What is known of a movement.
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
