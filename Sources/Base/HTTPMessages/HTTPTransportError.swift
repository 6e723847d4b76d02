import Seams

/// Why no response came: a code that callers match, and a reason that people read.
///
/// It contains neither path, query nor fields of the request, because they may hold secrets (Telegram's token is in the
/// path).
package struct HTTPTransportError: CodedError {
    /// How the error's text begins.
    package static let domain = "HTTP"

    /// The kind of failure.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// The request cannot be sent as it is: its URL, scheme or fields are not acceptable. Nothing was sent.
        case invalidRequest
        /// The address is not allowed: it is private, loopback or link-local. Nothing was sent.
        case forbiddenAddress
        /// The server could not be reached. Nothing was sent.
        case unreachable
        /// The server did not answer in time; whether it acted is unknown.
        case timedOut
        /// The connection broke or its security could not be established; whether the server acted is unknown.
        case connectionLost
        /// The response is larger than the request allows; the server may have acted.
        case responseTooLarge
        /// A stream was requested, and the answer's status is not 2xx.
        case refused
        /// The task was cancelled; whether the server acted is unknown.
        case cancelled
    }

    /// The kind of failure.
    package let code: Code
    /// What went wrong, for a person.
    package let reason: String

    /// A failure of the kind `code`.
    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// Whether the server cannot have acted on the request.
    package var isCertainlyUnsent: Bool {
        switch code {
        case .invalidRequest, .forbiddenAddress, .unreachable: true
        case .timedOut, .connectionLost, .responseTooLarge, .refused, .cancelled: false
        }
    }
}
