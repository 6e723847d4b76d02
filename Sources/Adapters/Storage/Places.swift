import Ledger
import Payments
import Records

/// In which books a statement works.
///
/// Every row of a merchant lies in its merchant's book, and every statement about such rows names the book. An identifier
/// does not say its book: where a unit of work knows no more than that, it looks in the book of its scope, and in each of
/// the few books when it may change everything. So a unit of work of one book never leaves it.
extension SQLSession {
    /// The condition that the rows of a table lie where the unit of work works.
    func within(_ table: String = "") throws -> String {
        let column = table.isEmpty ? "book" : table + ".book"
        switch group.scope {
        case .book(let book): return "\(column) = \(book.number)"
        case .everything: return "\(column) IN (\(try everyBook()))"
        }
    }

    /// The condition that the rows of a table lie where the unit of work works, or in the operator's book: money of a
    /// merchant may have been the operator's before.
    func withinOrOperators(_ table: String) throws -> String {
        switch group.scope {
        case .book(let book): "\(table).book IN (\(LedgerBook.operators.number), \(book.number))"
        case .everything: try within(table)
        }
    }

    /// The book of a row that belongs to a merchant, or to the operator when there is none; the unit of work may change
    /// it.
    ///
    /// - Throws: ``StorageError`` with ``StorageError/Code/outOfScope``, and when there is no such merchant.
    func place(of merchant: MerchantID?) throws -> SQLValue {
        let book = try book(of: merchant)
        try require(book)
        return .integer(book.number)
    }

    /// Has the unit of work run again in every book, when what is known to exist does not lie in its own.
    func widen<Value>(_ found: Value?) throws -> Value? {
        guard found == nil, group.scope != .everything else { return found }
        throw StorageError(.outOfScope, "what a unit of work in \(group.scope) looks for lies in another book")
    }

    /// The numbers of all books, for `IN` in a statement.
    private func everyBook() throws -> String {
        if let known = group.everyBook { return known }
        let numbers = try ledgerBooks().map { "\($0.number)" }.joined(separator: ", ")
        group.everyBook = numbers
        return numbers
    }
}
