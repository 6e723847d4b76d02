package import Ledger
package import Payments
import Records

/// Which books there are, and in which one each merchant's money is kept.
extension SQLSession {
    /// Makes the books of a new database: the operator's and `count` of merchants.
    package func makeBooks(_ count: Int) throws {
        for number in 0...count { try execute("INSERT INTO books (number) VALUES ($1)", [.integer(Int64(number))]) }
    }

    /// Every book, the operator's first.
    package func ledgerBooks() throws -> [LedgerBook] {
        try all("SELECT number FROM books ORDER BY number", []) { LedgerBook(number: try $0.integer()) }
    }

    /// The book of a merchant; the operator's when there is no merchant.
    ///
    /// - Throws: ``StorageError`` with ``StorageError/Code/corrupt`` when there is no such merchant.
    package func book(of merchant: MerchantID?) throws -> LedgerBook {
        guard let merchant else { return .operators }
        guard let book = try knownBook(of: merchant) else {
            throw StorageError.corrupt("there is no merchant \(merchant)")
        }
        return book
    }

    /// The book of a merchant; nil when there is no such merchant.
    package func knownBook(of merchant: MerchantID) throws -> LedgerBook? {
        if let known = group.merchantBooks[merchant] { return LedgerBook(number: known) }
        let stored = try first("SELECT book FROM merchants WHERE id = $1", [.id(merchant)]) { try $0.integer() }
        group.merchantBooks[merchant] = stored
        return stored.map(LedgerBook.init)
    }

    /// The book that a new merchant gets: the first of those with the fewest merchants.
    func bookOfNextMerchant() throws -> LedgerBook {
        let found = try first(
            """
            SELECT b.number FROM books b LEFT JOIN merchants m ON m.book = b.number
            WHERE b.number <> \(LedgerBook.operators.number) GROUP BY b.number ORDER BY COUNT(m.id), b.number LIMIT 1
            """,
            []
        ) { LedgerBook(number: try $0.integer()) }
        guard let found else { throw StorageError.corrupt("the database has no books") }
        return found
    }

    /// Requires that the unit of work may change a book.
    ///
    /// - Throws: ``StorageError`` with ``StorageError/Code/outOfScope``: the unit has to run with a wider scope.
    func require(_ book: LedgerBook) throws(StorageError) {
        guard group.scope.covers(book) else {
            throw StorageError(.outOfScope, "a unit of work in \(group.scope) may not change \(book)")
        }
    }
}
