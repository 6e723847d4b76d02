/// Why money is never sent to a place: the one list for all rails.
///
/// It is asked when a payout or refund is asked for, before anybody approves, and once more before anything is signed.
package struct DestinationRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of place.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// It is no address of the rail, or its checksum is wrong: a character is mistyped.
        case malformed
        /// It is of another network, or of a part of the network that does not take the asset.
        case network
        /// Nobody has a key for it: address 0, or one that is known to burn what it gets.
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

    /// A refusal, with what the rail has to say about it.
    package init(_ kind: Kind, _ detail: String? = nil) {
        self.kind = kind
        let text =
            switch kind {
            case .malformed: "the destination is no address here"
            case .network: "the destination is of another network"
            case .nobody: "nobody has a key for the destination; what is sent there is lost"
            case .system: "the destination belongs to the chain itself; what is sent there is lost"
            case .token: "the destination is the contract of a token; what is sent there is lost"
            case .own: "the destination is an account of this gateway"
            }
        reason = detail.map { "\(text): \($0)" } ?? text
    }

    /// The reason.
    package var description: String { reason }
}
