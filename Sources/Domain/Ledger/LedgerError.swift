public import Seams

/// What the ledger refuses: a code that callers match, and a reason that people read.
public struct LedgerError: CodedError {
    /// How the error's text begins.
    public static let domain = "ledger"

    /// The kind of refusal.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        case unbalanced
        case empty
        case tooManyPostings
        case zeroPosting
        case amount
        case unknownAccount
        case invalidChart
        case period
    }

    /// The kind of refusal.
    public let code: Code
    /// What went wrong and what to do about it, for a person.
    public let reason: String

    /// A refusal of the kind `code`.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }
}
