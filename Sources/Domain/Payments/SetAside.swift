public import Money
public import Seams

/// Something that happened on a rail and could not be understood, or could not be booked: kept beside the books until a
/// person has looked at it, so that what came after it does not wait.
public struct SetAside: Hashable, Sendable {
    /// Why it was set aside.
    public enum Cause: String, Hashable, Sendable, CaseIterable {
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
    public static let byteLimit = 65_536
    /// The most bytes of a sentence about it.
    private static let sentenceLimit = 500

    /// What makes it unique.
    public let naturalKey: NaturalKey
    /// The account that it concerns, in the rail's own words.
    public let account: String
    /// The asset that was moved, when it is known.
    public let asset: AssetID?
    /// By how much the account's balance changed, in smallest units, as decimal text of any length; nil when it is not
    /// known.
    public let units: String?
    /// Why it was set aside.
    public let cause: Cause
    /// What is wrong with it, for a person.
    public let explanation: String
    /// When it happened, by the rail's clock.
    public let occurredAt: Timestamp

    /// Something that was set aside; what is too long is cut.
    public init(
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
    public init(
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
