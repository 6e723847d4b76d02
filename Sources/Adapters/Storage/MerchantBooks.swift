package import Payments
import Synchronization

/// Says in which scope a unit of work runs that changes what belongs to one merchant; it asks the database once for each.
package final class MerchantBooks: Sendable {
    private let database: any Database
    private let known = Mutex<[MerchantID: WriteScope]>([:])

    /// The books of a database's merchants.
    package init(_ database: any Database) {
        self.database = database
    }

    /// The scope of what belongs to a merchant.
    ///
    /// - Throws: what the database throws.
    /// - Returns: the merchant's book; everything where only one process works, and for what is nobody's.
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
