/// What the ledger refuses: a code that callers match, and a reason that people read.
///
/// Two errors are equal when their codes are.
public struct LedgerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of refusal.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        case unbalanced
        case empty
        case tooManyPostings
        case zeroPosting
        case amount
        case unknownAccount
        case invalidChart
    }

    /// The kind of refusal.
    public let code: Code
    /// What went wrong and what to do about it, for a person.
    public let reason: String

    /// A refusal of the kind `code`.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// Whether the codes are equal.
    public static func == (lhs: Self, rhs: Self) -> Bool { lhs.code == rhs.code }
    /// Hashes the code.
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
    /// The code and the reason.
    public var description: String { "ledger: \(code.rawValue): \(reason)" }
}
