import Seams

/// A refusal or failure of TON Connect: a code that callers match, and a reason that people read.
///
/// `reason` contains no key and no message of a wallet.
package struct TONConnectError: CodedError {
    /// How the error's text begins.
    package static let domain = "TON Connect"

    /// The kind of refusal.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// A message was changed, or was not sealed for this session by the sender that it names.
        case notAuthentic
        /// A message of a wallet, a list or a link cannot be read.
        case malformed
        /// The bridge cannot be reached or does not accept the message.
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
