import Seams

/// Why a provider could not do what was asked: a code that callers match, and a reason that people read.
///
/// `description` holds no secrets: it is safe in a log.
package struct ProviderError: CodedError {
    /// How the error's text begins.
    package static let domain = "provider"

    /// The kind of failure.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// The rail could not be reached or did not answer in time; the request may be repeated.
        case unavailable
        /// The rail refuses for good; repeating the request is pointless.
        case refused
        /// The rail's answer cannot be read, or contradicts itself.
        case malformed
        /// The rail's history does not join up with the recorded one.
        case gap
        /// The rail's answers are older than is allowed.
        case lagging
        /// The answer came after the rail had stopped waiting.
        case tooLate
        /// The provider cannot do this.
        case unsupported
        /// The amount, asset or destination does not fit the rail.
        case invalidRequest
        /// The wallet signs nothing until a person has looked.
        case held
        /// The rail tells more than can be taken; it is asked again much later.
        case flooded
    }

    /// The kind of failure.
    package let code: Code
    /// What went wrong and what to do about it, for a person.
    package let reason: String
    /// The wrong setting, if any.
    package let setting: String?

    /// A failure of the kind `code`.
    package init(_ code: Code, _ reason: String, setting: String? = nil) {
        self.code = code
        self.reason = reason
        self.setting = setting
    }
}
