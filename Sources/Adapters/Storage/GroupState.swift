import Ledger
import Money
import Payments
import Records
import Seams

/// What the units of work that share a commit know of rows that only they can change: read once; and what they leave to be
/// done once for all of them, before the commit.
///
/// A group holds the lock of what it changes (``WriteScope``), so that nobody else changes these rows meanwhile. Whoever
/// changes one of them by a statement forgets it here.
package final class GroupState {
    struct BalanceKey: Hashable {
        let book: LedgerBook
        let account: AccountID
        let asset: AssetID
    }

    /// What an account holds: what is stored, where that is known, and what units have booked since.
    struct Balance {
        var stored: Amount?
        var change: Amount?
    }

    /// Where the journals end.
    var journalHeads: [LedgerBook: JournalHead] = [:]
    var balances: [BalanceKey: Balance] = [:]
    var merchants: [MerchantID: MerchantRecord] = [:]
    var merchantBooks = RowNumbers<MerchantID>()
    var accountNumbers = RowNumbers<AccountID>()
    var assetNumbers = RowNumbers<AssetID>()

    /// What the units of the group may change.
    package var scope = WriteScope.everything
    /// Whether a unit has stored work for somebody: a pushed message, or an event to deliver.
    package var hasNews = false

    /// A group that knows nothing.
    package init() {}

    /// What is known now, to go back to.
    func copy() -> GroupState {
        let copy = GroupState()
        copy.restore(self)
        return copy
    }

    /// Knows what another one knows, and nothing else.
    func restore(_ other: GroupState) {
        journalHeads = other.journalHeads
        balances = other.balances
        merchants = other.merchants
        merchantBooks = other.merchantBooks
        accountNumbers = other.accountNumbers
        assetNumbers = other.assetNumbers
        hasNews = other.hasNews
    }

    /// Forgets everything, because what it was read from was rolled back or committed.
    package func forget() {
        journalHeads = [:]
        balances = [:]
        merchants = [:]
        merchantBooks.forgetUncommitted()
        accountNumbers.forgetUncommitted()
        assetNumbers.forgetUncommitted()
        hasNews = false
    }

    /// Keeps the numbers of rows that were read or made, because they are committed.
    func keepNumbers() {
        merchantBooks.commit()
        accountNumbers.commit()
        assetNumbers.commit()
    }
}

/// The numbers of rows that are written once and never changed.
///
/// A number that was read or made in a database transaction is known to that transaction alone, because the row may be
/// rolled back with it; once it is committed, the number is known for as long as the connection.
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
    /// Does what units of this group have left to be done once for all of them: the last thing before the commit.
    package func finishGroup() throws {
        try writeBalances()
    }
}
