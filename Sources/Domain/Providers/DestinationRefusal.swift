/// Why money is never sent to a place: the one list for all rails.
///
/// It is checked when a payout or refund is requested, before anybody approves it, and again before it is signed.
package struct DestinationRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of place.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// It is not an address of the rail, or its checksum is wrong because a character is mistyped.
        case malformed
        /// It is on another network, or on a part of the network that does not accept the asset.
        case network
        /// Nobody has a key for it: address 0, or a known burn address.
        case nobody
        /// It belongs to the chain itself: a precompiled contract, a predeployed one, the elector.
        case system
        /// It is the contract of a token or a jetton: what goes there is lost.
        case token
        /// It is ours: a wallet of the gateway, or an address that was handed out to a customer.
        case own
    }

    /// The kind of place.
    package let kind: Kind
    /// What is wrong and what to do about it, for a person.
    package let reason: String

    /// A refusal, with details from the rail.
    package init(_ kind: Kind, _ detail: String? = nil) {
        self.kind = kind
        let text =
            switch kind {
            case .malformed: "the destination is not an address of this rail"
            case .network: "the destination is on another network"
            case .nobody: "nobody has a key for the destination; money sent there is lost"
            case .system: "the destination belongs to the chain itself; money sent there is lost"
            case .token: "the destination is the contract of a token; money sent there is lost"
            case .own: "the destination is an account of this gateway"
            }
        reason = detail.map { "\(text): \($0)" } ?? text
    }

    /// The reason.
    package var description: String { reason }
}
