package import Ledger

/// The part of the database that a unit of work may change.
///
/// On a database that several gateways share, units of different books run and commit side by side, and one that may change
/// everything runs alone. Where one process works on the database, every unit runs alone.
package enum WriteScope: Hashable, Sendable, CustomStringConvertible {
    /// Every book, and the tables that all share.
    case everything
    /// The rows of one book's merchants; in the operator's book also the tables that all share.
    case book(LedgerBook)

    /// Whether a unit of this scope may change a book.
    package func covers(_ book: LedgerBook) -> Bool {
        switch self {
        case .everything: true
        case .book(let own): own == book
        }
    }

    /// Whether a unit of this scope may change the tables that all share.
    package var coversShared: Bool { covers(.operators) }

    /// The scope for people.
    package var description: String {
        switch self {
        case .everything: "every book"
        case .book(let book): book.description
        }
    }
}
