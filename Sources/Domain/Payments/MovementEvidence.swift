public import Money
public import Seams

/// Where on a rail something is found, by the names that the rail itself and its explorers know.
public struct RailPlace: Hashable, Sendable {
    /// The network, in the rail's own words: `mainnet`, or the number of a chain.
    public let network: String?
    /// The account of ours whose balance changed.
    public let account: String?
    /// The chain transaction's hash, or the rail's own number of it; none when no single one shows it.
    public let transaction: String?
    /// The block's hash, where only that is known.
    public let block: String?

    /// A place.
    public init(network: String?, account: String?, transaction: String?, block: String? = nil) {
        self.network = network
        self.account = account
        self.transaction = transaction
        self.block = block
    }
}

/// What is known of a movement that nobody asked for, kept beside its case: the person who looks at the rail has nothing
/// else to look by.
public struct MovementEvidence: Hashable, Sendable {
    /// Who got how much, when a wallet's key has signed it.
    public struct Receiver: Hashable, Sendable {
        /// The receiver in the rail's canonical form.
        public let destination: String
        /// How much.
        public let amount: Amount

        /// A receiver.
        public init(destination: String, amount: Amount) {
            self.destination = destination
            self.amount = amount
        }
    }

    /// The provider whose account it was.
    public let provider: String
    /// Where it is found; none where only its natural key is known.
    public let place: RailPlace?
    /// What the rail shows, in a sentence.
    public let reason: String
    /// Who got what left, as far as the rail shows it.
    public let receivers: [Receiver]
    /// When it happened, by the rail's clock.
    public let occurredAt: Timestamp

    /// What to look for on the rail: the chain transaction, or else the block; none where only the natural key is known.
    public var sought: String? {
        place?.transaction ?? place?.block.map { "block \($0)" }
    }

    /// What is known of a movement.
    public init(
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
