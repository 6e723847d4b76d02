package import Payments
import Synchronization

/// Finds the scope of a unit of work that changes one merchant's data; the database is asked once for each merchant.
package final class MerchantBooks: Sendable {
    private let database: any Database
    private let known = Mutex<[MerchantID: WriteScope]>([:])

    /// The books of a database's merchants.
    package init(_ database: any Database) {
        self.database = database
    }

    /// The scope of a merchant's data.
    ///
    /// - Throws: what the database throws.
    /// - Returns: the merchant's book; everything where only one process works, or when there is no merchant.
    package func scope(of merchant: MerchantID?) async throws -> WriteScope {
        guard database.isShared, let merchant else { return .everything }
        if let scope = known.withLock({ $0[merchant] }) { return scope }
        guard let book = try await database.lookUp({ try $0.knownBook(of: merchant) }) else { return .everything }
        return known.withLock { known in
            known[merchant] = .book(book)
            return .book(book)
        }
    }
}
