package import Seams

/// A wallet that signs, as it is stored.
package struct WalletRecord: Hashable, Sendable {
    /// Why a wallet signs nothing, and since when.
    package struct Hold: Hashable, Sendable {
        /// The kind of hold.
        package enum Kind: String, Hashable, Sendable, CaseIterable {
            /// The chain has taken numbers that were not signed here.
            case ahead
            /// A transfer left by the wallet's key that was not signed here.
            case spent
            /// The database was restored from a copy.
            case restored
        }

        /// The kind of hold.
        package let kind: Kind
        /// The reason, as a sentence for a person.
        package let sentence: String
        /// Since when.
        package let since: Timestamp

        /// Why a wallet signs nothing.
        package init(kind: Kind, sentence: String, since: Timestamp) {
            self.kind = kind
            self.sentence = sentence
            self.since = since
        }
    }

    /// The provider.
    package let provider: String
    /// The wallet in the rail's canonical form.
    package let wallet: String
    /// Whether it pays others, and not only our own accounts' fees.
    package let paysOthers: Bool
    /// Every number that was signed is below this one.
    package let signedBelow: Int64
    /// Numbers below this one were used before the gateway met the wallet, or were checked by a person.
    package let acceptedBelow: Int64
    /// When the gateway first saw the wallet.
    package let metAt: Timestamp
    /// Why it signs nothing; nil when it may sign.
    package var hold: Hold?

    /// A wallet that may sign.
    package init(
        provider: String,
        wallet: String,
        paysOthers: Bool,
        signedBelow: Int64,
        acceptedBelow: Int64,
        metAt: Timestamp
    ) {
        self.provider = provider
        self.wallet = wallet
        self.paysOthers = paysOthers
        self.signedBelow = signedBelow
        self.acceptedBelow = acceptedBelow
        self.metAt = metAt
    }
}
