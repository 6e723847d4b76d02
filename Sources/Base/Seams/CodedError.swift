/// An error of a module: a code that callers match, and a reason that people read.
///
/// Two errors are equal when their codes are, because the reason is for a person, and may change.
package protocol CodedError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure; their names are stable.
    associatedtype Code: Hashable, RawRepresentable<String>

    /// The part that fails, in one word, for example `storage`.
    static var domain: String { get }
    /// The kind of failure.
    var code: Code { get }
    /// What went wrong and what to do about it, for a person; without secrets.
    var reason: String { get }
}

extension CodedError {
    /// Whether the codes are equal.
    package static func == (lhs: Self, rhs: Self) -> Bool { lhs.code == rhs.code }
    /// Hashes the code.
    package func hash(into hasher: inout Hasher) { hasher.combine(code) }
    /// The domain and the code, which everybody can read: no word of a peer is in them.
    package var cause: String { "\(Self.domain): \(code.rawValue)" }
    /// The domain, the code and the reason.
    package var description: String { "\(Self.domain): \(code.rawValue): \(reason)" }
}
