import Ledger
import Money
import Payments
import Records
import Seams

/// The state of the units of work that share a commit.
///
/// It keeps rows that only they can change, each read once, and work that is done once for all of them before the
/// commit.
///
/// A group holds the lock of its ``WriteScope``, so that nobody else changes these rows meanwhile. Code that changes
/// one of them by a statement has to forget it here.
package final class CommitGroupCache {
    struct BalanceKey: Hashable {
        let book: LedgerBook
        let account: AccountID
        let asset: AssetID
    }

    /// The balance of an account: the stored amount, if it was read, and the amount that units have booked since.
    struct Balance {
        var stored: Amount?
        var change: Amount?
    }

    /// The end of each book's journal.
    var journalHeads: [LedgerBook: JournalHead] = [:]
    var balances: [BalanceKey: Balance] = [:]
    var merchants: [MerchantID: MerchantRecord] = [:]
    var merchantBooks = RowNumbers<MerchantID>()
    var accountNumbers = RowNumbers<AccountID>()
    var assetNumbers = RowNumbers<AssetID>()

    /// The numbers of all books, which are fixed when the database is made; nil until they were read.
    var everyBook: String?

    /// The scope of the group's units.
    package var scope = WriteScope.everything
    /// The kinds of work that the group's units have stored.
    package var storedWork: Set<StoredWork> = []

    /// An empty state.
    package init() {}

    /// A copy of the state, to go back to.
    func copy() -> CommitGroupCache {
        let copy = CommitGroupCache()
        copy.restore(self)
        return copy
    }

    /// Takes over the state of another group.
    func restore(_ other: CommitGroupCache) {
        journalHeads = other.journalHeads
        balances = other.balances
        merchants = other.merchants
        merchantBooks = other.merchantBooks
        accountNumbers = other.accountNumbers
        assetNumbers = other.assetNumbers
        storedWork = other.storedWork
    }

    /// Forgets everything, because the database transaction was rolled back or committed.
    package func forget() {
        journalHeads = [:]
        balances = [:]
        merchants = [:]
        merchantBooks.forgetUncommitted()
        accountNumbers.forgetUncommitted()
        assetNumbers.forgetUncommitted()
        storedWork = []
    }

    /// Keeps the numbers of rows that were read or made, because they are committed.
    package func keepNumbers() {
        merchantBooks.commit()
        accountNumbers.commit()
        assetNumbers.commit()
    }
}

/// The numbers of rows that are written once and never changed.
///
/// A number that was read or made in a database transaction is valid in that transaction alone, because the row may be
/// rolled back with it. Once it is committed, the number is valid for as long as the connection.
struct RowNumbers<Name: Hashable & Sendable> {
    private var committed: [Name: Int64] = [:]
    private var uncommitted: [Name: Int64] = [:]

    subscript(name: Name) -> Int64? {
        get { committed[name] ?? uncommitted[name] }
        set { uncommitted[name] = newValue }
    }

    mutating func commit() {
        committed.merge(uncommitted) { _, new in new }
        uncommitted = [:]
    }

    mutating func forgetUncommitted() { uncommitted = [:] }
}

extension SQLSession {
    /// Does the work that the group's units have left until just before the commit.
    package func finishGroup() throws {
        try writeBalances()
    }
}
