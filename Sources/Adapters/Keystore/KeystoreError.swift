import Seams

/// A refusal or failure of a keystore: a code that callers match, and a reason that people read, without secrets.
package struct KeystoreError: CodedError {
    /// How the error's text begins.
    package static let domain = "keystore"

    /// The kind of failure.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        case notFound
        case exists
        case malformed
        case wrongPassphrase
        case readableByOthers
        case unwritable
        case invalid
    }

    /// The kind of failure.
    package let code: Code
    /// What went wrong and what to do about it, for a person.
    package let reason: String

    /// A failure of the kind `code`.
    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }
}
