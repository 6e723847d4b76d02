import Seams

/// A refusal by the rules of money: a code that callers match, and a reason that people read.
package struct MoneyError: CodedError {
    /// How the error's text begins.
    package static let domain = "money"

    /// The kind of refusal.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        case malformed
        case overflow
        case differentAssets
        case tooPrecise
        case negative
        case unknownAsset
        case invalidRate
        case invalidWeights
        case duplicateAsset
        case noRate
    }

    /// The kind of refusal.
    package let code: Code
    /// What went wrong and what to do about it, for a person.
    package let reason: String

    /// A refusal of the kind `code`.
    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// The text does not follow the grammar.
    package static func malformed(_ reason: String) -> Self { Self(.malformed, reason) }
    /// The result does not fit 256 bits.
    package static func overflow(_ reason: String) -> Self { Self(.overflow, reason) }
    /// Amounts of different assets cannot be combined.
    package static func differentAssets(_ reason: String) -> Self { Self(.differentAssets, reason) }
}
