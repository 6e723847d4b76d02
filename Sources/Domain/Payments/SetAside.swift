package import Money
package import Seams

/// Something that happened on a rail and could not be understood, or could not be booked: kept beside the books until a
/// person has looked at it, so that what came after it does not wait.
package struct SetAside: Hashable, Sendable {
    /// Why it was set aside.
    package enum Cause: String, Hashable, Sendable, CaseIterable {
        /// What the rail has is not of the form that is known.
        case unreadable
        /// The amount is more than an amount, or an account of the ledger, can hold.
        case tooLarge = "too_large"
        /// The database does not take a value of it.
        case unstorable
        /// A rule of the books does not allow it.
        case refused
    }

    /// The most bytes of what the rail said that are kept.
    package static let byteLimit = 65_536
    /// The most bytes of a sentence about it.
    private static let sentenceLimit = 500

    /// What makes it unique.
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
    /// What is wrong with it, for a person.
    package let explanation: String
    /// When it happened, by the rail's clock.
    package let occurredAt: Timestamp

    /// Something that was set aside; what is too long is cut.
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

    /// What was set aside, as it was stored.
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
