package import Seams

/// A wallet that signs, as it is stored.
package struct WalletRecord: Hashable, Sendable {
    /// Why a wallet signs nothing, and since when.
    package struct Hold: Hashable, Sendable {
        /// What was noticed.
        package enum Kind: String, Hashable, Sendable, CaseIterable {
            /// The chain has taken numbers that were not signed here.
            case ahead
            /// Something left by the wallet's key that was not signed here.
            case spent
            /// The database was restored from a copy.
            case restored
        }

        /// What was noticed.
        package let kind: Kind
        /// The same for a person.
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
    /// Numbers below this one were used before the gateway knew the wallet, or were looked at by a person.
    package let acceptedBelow: Int64
    /// Since when the wallet is known.
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
