/// What a keystore refuses or cannot do: a code that callers match, and a reason that people read and that holds nothing
/// secret.
///
/// Two errors are equal when their codes are.
public struct KeystoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        case notFound
        case exists
        case malformed
        case wrongPassphrase
        case readableByOthers
        case unwritable
        case invalid
    }

    /// The kind of failure.
    public let code: Code
    /// What went wrong and what to do about it, for a person.
    public let reason: String

    /// A failure of the kind `code`.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// Whether the codes are equal.
    public static func == (lhs: Self, rhs: Self) -> Bool { lhs.code == rhs.code }
    /// Hashes the code.
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
    /// The code and the reason.
    public var description: String { "keystore: \(code.rawValue): \(reason)" }
}
