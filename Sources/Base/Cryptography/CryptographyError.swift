import COpenSSL

/// A refusal or failure of this module: a code that callers match, and a reason that people read.
///
/// Two errors are equal when their codes are. No key, message, passphrase or signature is ever in `reason`. Texts from
/// OpenSSL are the library's fixed texts for its error numbers.
package struct CryptographyError: Error, Hashable, CustomStringConvertible {
    /// The kind of refusal; stable, and part of the API.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Base: String {
            case invalidKey, invalidSignature, invalidParameter, authenticationFailed, malformedEncoding, libraryFailure
        }

        private let base: Base

        private init(_ base: Base) { self.base = base }

        /// The bytes are no key of this kind, or one that must not be used.
        package static let invalidKey = Self(.invalidKey)
        /// The bytes are no signature of this kind, or no key belongs to it.
        package static let invalidSignature = Self(.invalidSignature)
        /// A length, a cost or another parameter is outside its range.
        package static let invalidParameter = Self(.invalidParameter)
        /// Sealed bytes do not belong to this key, nonce and associated data, or were changed.
        package static let authenticationFailed = Self(.authenticationFailed)
        /// A text is not hex or Base64 as it was asked for.
        package static let malformedEncoding = Self(.malformedEncoding)
        /// OpenSSL or libsecp256k1 reported a failure that no input explains, for example a lack of memory.
        package static let libraryFailure = Self(.libraryFailure)

        /// The name of the code, for example `invalidKey`.
        package var description: String { base.rawValue }
    }

    /// The kind of refusal.
    package let code: Code
    /// What went wrong, for a person.
    package let reason: String

    /// The bytes are no key of this kind, or one that must not be used.
    package static func invalidKey(_ reason: String) -> Self { Self(code: .invalidKey, reason: reason) }
    /// The bytes are no signature of this kind, or no key belongs to it.
    package static func invalidSignature(_ reason: String) -> Self { Self(code: .invalidSignature, reason: reason) }
    /// A length, a cost or another parameter is outside its range.
    package static func invalidParameter(_ reason: String) -> Self { Self(code: .invalidParameter, reason: reason) }
    /// Sealed bytes do not belong to this key, nonce and associated data, or were changed.
    package static func authenticationFailed(_ reason: String) -> Self {
        Self(code: .authenticationFailed, reason: reason)
    }
    /// A text is not hex or Base64 as it was asked for.
    package static func malformedEncoding(_ reason: String) -> Self { Self(code: .malformedEncoding, reason: reason) }
    /// A library reported a failure that no input explains.
    package static func libraryFailure(_ reason: String) -> Self { Self(code: .libraryFailure, reason: reason) }

    /// Whether two errors have the same code.
    package static func == (lhs: Self, rhs: Self) -> Bool { lhs.code == rhs.code }

    /// Hashes the code, as `==` compares it.
    package func hash(into hasher: inout Hasher) { hasher.combine(code) }

    /// The code and the reason; safe in a log.
    package var description: String { "cryptography: \(code): \(reason)" }
}

extension CryptographyError {
    /// How many entries of OpenSSL's error queue go into one reason.
    private static let quotedEntriesMax = 4

    /// A failure of OpenSSL in `call`, with the queue of this thread drained into the reason.
    ///
    /// Only `ERR_reason_error_string` is quoted, which points to constant texts. The data that OpenSSL may attach to an
    /// entry is left out, because its content is not specified.
    static func openSSL(_ call: String) -> Self {
        var texts: [String] = []
        while true {
            let entry = ERR_get_error()
            guard entry != 0 else { break }
            guard texts.count < quotedEntriesMax else { continue }
            if let text = unsafe ERR_reason_error_string(entry) {
                unsafe texts.append(String(cString: text))
            } else {
                texts.append("code \(entry)")
            }
        }
        return .libraryFailure(texts.isEmpty ? "\(call) failed" : "\(call) failed: \(texts.joined(separator: "; "))")
    }

    /// Empties OpenSSL's error queue of this thread after an ordinary negative answer ("not valid"), so that it does
    /// not explain a later failure.
    static func discardOpenSSLErrors() { ERR_clear_error() }
}
