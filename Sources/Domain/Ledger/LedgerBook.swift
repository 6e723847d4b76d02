/// A self-balanced ledger: its own journal with its own numbers, seal and balances.
///
/// Each merchant's money is kept in one book, which is chosen when the merchant is added. The operator has a book of
/// its own for money that is no merchant's: unmatched payments, own funds, the gas of gathered money. A ledger
/// transaction lies in one book and sums to zero there. The balance of a rail is the sum over the books.
package struct LedgerBook: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The book of the tenant that runs the gateway.
    package static let operators = Self(number: 0)
    /// The most books of merchants that a database has.
    package static let limit = 256

    /// The number: 0 for the operator's, and from 1 on for those of merchants.
    package let number: Int64

    /// A book as it was stored.
    package init(number: Int64) {
        self.number = number
    }

    /// The book's name for people.
    package var description: String { "book \(number)" }

    /// Whether `lhs` has the lower number.
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.number < rhs.number }
}

extension AccountID {
    /// Whether the account is only in the operator's book: it holds money that is no merchant's.
    package var isOperators: Bool { ["suspense", "cold_storage"].contains(code.rawValue) }
}
