import Seams

/// A refusal of a whole statement or of its layout: a code that callers match, and a reason that people read.
package struct StatementError: CodedError {
    /// How the error's text begins.
    package static let domain = "statement"

    /// The kind of refusal.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// The layout contradicts itself.
        case layout
        /// The matching rules contradict themselves.
        case rules
        /// The file is not of the form that its layout says.
        case malformed
        /// A limit of the file's size or shape is exceeded.
        case tooLarge
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
