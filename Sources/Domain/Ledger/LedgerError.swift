import Seams

/// A refusal by the ledger: a code that callers match, and a reason that people read.
package struct LedgerError: CodedError {
    /// How the error's text begins.
    package static let domain = "ledger"

    /// The kind of refusal.
    package enum Code: String, Hashable, Sendable, CaseIterable {
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
    package let code: Code
    /// What went wrong and what to do about it, for a person.
    package let reason: String

    /// A refusal of the kind `code`.
    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }
}
