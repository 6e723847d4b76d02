import Ledger
import Money
import Payments

/// What the units of work that share a commit know of rows that only they can change: read once, and the balances
/// written once, before the commit.
///
/// A group holds the database's write lock, so that nobody else changes these rows meanwhile. Whoever changes one of
/// them by a statement forgets it here.
public final class GroupState {
    struct BalanceKey: Hashable {
        let account: AccountID
        let asset: AssetID
    }

    struct Balance {
        var amount: Amount
        var isChanged: Bool
    }

    /// The number and the seal of the last ledger transaction.
    var journalHead: (sequence: Int64, seal: JournalSeal)?
    var balances: [BalanceKey: Balance] = [:]
    var merchants: [MerchantID: MerchantRecord] = [:]
    var endpoints: [MerchantID: [WebhookEndpointRecord]] = [:]

    /// Whether a unit has stored work for somebody: a pushed message, or an event to deliver.
    var hasNews = false

    /// A group that knows nothing.
    public init() {}

    /// Forgets everything, because what it was read from was rolled back or committed.
    func forget() {
        journalHead = nil
        balances = [:]
        merchants = [:]
        endpoints = [:]
        hasNews = false
    }
}
