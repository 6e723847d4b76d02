package import Money
package import Seams

/// An observation that could not be read or booked: it is kept beside the books for a person, so that later ones do not
/// wait.
package struct SetAside: Hashable, Sendable {
    /// Why it was set aside.
    package enum Cause: String, Hashable, Sendable, CaseIterable {
        /// The rail's data does not have a known form.
        case unreadable
        /// The number is larger than an amount, or an account of the ledger, can hold.
        case tooLarge = "too_large"
        /// The database cannot store one of its values.
        case unstorable
        /// A rule of the books does not allow it.
        case refused
    }

    /// The most bytes of the rail's data that are kept.
    package static let byteLimit = 65_536
    /// The most bytes of the explanation.
    private static let sentenceLimit = 500

    /// Its unique key.
    package let naturalKey: NaturalKey
    /// The account that it concerns, in the rail's own words.
    package let account: String
    /// The asset that was moved, when it is known.
    package let asset: AssetID?
    /// By how much the account's balance changed, in smallest units, as decimal text of any length; nil when it is not
    /// known.
    package let units: String?
    /// Why it was set aside.
    package let cause: Cause
    /// The problem, for a person.
    package let explanation: String
    /// When it happened, by the rail's clock.
    package let occurredAt: Timestamp

    /// An observation that was set aside; texts that are too long are cut.
    package init(
        naturalKey: NaturalKey,
        account: String,
        asset: AssetID?,
        units: String?,
        cause: Cause,
        explanation: String,
        occurredAt: Timestamp
    ) {
        self.init(
            naturalKey: naturalKey,
            storedAccount: StorableText(account, limit: Self.sentenceLimit).text,
            asset: asset,
            units: units,
            cause: cause,
            storedExplanation: StorableText(explanation, limit: Self.sentenceLimit).text,
            occurredAt: occurredAt
        )
    }

    /// An observation that was set aside, as it was stored.
    package init(
        naturalKey: NaturalKey,
        storedAccount account: String,
        asset: AssetID?,
        units: String?,
        cause: Cause,
        storedExplanation explanation: String,
        occurredAt: Timestamp
    ) {
        self.naturalKey = naturalKey
        self.account = account
        self.asset = asset
        self.units = units
        self.cause = cause
        self.explanation = explanation
        self.occurredAt = occurredAt
    }
}
