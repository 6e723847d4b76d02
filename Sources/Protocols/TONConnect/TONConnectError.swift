import Seams

/// What TON Connect refuses or cannot do: a code that callers match, and a reason that people read.
///
/// No key and no message of a wallet stands in `reason`.
package struct TONConnectError: CodedError {
    /// How the error's text begins.
    package static let domain = "TON Connect"

    /// The kind of refusal.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// A message was not sealed for this session by whom it names, or was changed.
        case notAuthentic
        /// A message of a wallet, a list or a link cannot be read.
        case malformed
        /// The bridge cannot be reached or does not take the message.
        case unavailable
    }

    /// The kind of refusal.
    package let code: Code
    /// What went wrong, for a person.
    package let reason: String

    init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }
}
