package import Payments
package import Seams

/// Reads the history of a rail without a gap: account by account, or all accounts at once where the rail is read in
/// blocks.
package protocol TransferScanning: Sendable {
    /// The accounts that are always scanned; those of single options come from ``OpenedOption/accounts``.
    var standingAccounts: [ScanAccount] { get async throws(ProviderError) }

    /// Whether the accounts of single options are scanned one by one.
    ///
    /// When not, the standing accounts cover them, and the provider asks which are watched.
    var scansAccountsOfOptions: Bool { get }

    /// The history of an account after a position, oldest first.
    ///
    /// The position is that of the last page, and nil at the very start.
    ///
    /// - Throws: ``ProviderError``; with ``ProviderError/Code/gap`` when the account's history does not join up, so
    ///   that the cursor has to stay where it is.
    func page(
        of account: ScanAccount,
        after position: String?,
        watching: any AccountWatching
    ) async throws(ProviderError) -> ScanPage

    /// Looks at many accounts at one head of the rail: those that have done nothing since their positions need not be read.
    ///
    /// - Returns: what was seen; nil on a rail where each account has to be read.
    /// - Throws: ``ProviderError`` when nothing can be said of any account.
    func look(at accounts: [PlacedAccount]) async throws(ProviderError) -> AccountLook?

    /// The history of an account after a position, up to the tip that a look has seen, so that the head is not asked for
    /// again.
    ///
    /// - Throws: ``ProviderError``, as without a tip.
    func page(
        of account: PlacedAccount,
        upTo tip: AccountTip,
        watching: any AccountWatching
    ) async throws(ProviderError) -> ScanPage

    /// Which of some recorded payments are no longer part of the rail's history; asked when a page says that the history
    /// of all accounts was revised.
    ///
    /// - Throws: ``ProviderError`` when the rail cannot be reached, so that nothing is undone by mistake.
    func vanished(among payments: [Payment]) async throws(ProviderError) -> [NaturalKey]

    /// The balances of accounts at the scan cursor, so that money that came or left without a trace is found.
    ///
    /// The provider's own wallets are included.
    ///
    /// - Throws: ``ProviderError``.
    func marks(of accounts: [ScanAccount], at position: String) async throws(ProviderError) -> [BalanceMark]
}

extension TransferScanning {
    /// Most rails keep a history for each account.
    package var scansAccountsOfOptions: Bool { true }

    /// Most rails have few accounts to read.
    package func look(at accounts: [PlacedAccount]) async throws(ProviderError) -> AccountLook? { nil }

    /// A rail that sees no tips reads to its head.
    package func page(
        of account: PlacedAccount,
        upTo tip: AccountTip,
        watching: any AccountWatching
    ) async throws(ProviderError) -> ScanPage {
        try await page(of: account.account, after: account.position, watching: watching)
    }

    /// On most rails everything leaves a trace.
    package func marks(of accounts: [ScanAccount], at position: String) async throws(ProviderError) -> [BalanceMark] {
        []
    }

    /// Most rails never take anything back.
    package func vanished(among payments: [Payment]) async throws(ProviderError) -> [NaturalKey] { [] }
}

/// Looks up which accounts belong to options, on rails that are read as a whole.
package protocol AccountWatching: Sendable {
    /// Those of `accounts` that were handed out to customers, up to this call.
    ///
    /// - Throws: ``ProviderError`` with ``ProviderError/Code/unavailable`` when it cannot be looked up now.
    func watched(among accounts: Set<String>) async throws(ProviderError) -> Set<String>
}

/// An account on a rail that is scanned.
package struct ScanAccount: Hashable, Sendable {
    /// The account in the rail's canonical form.
    package let account: String
    /// The part of the account that is scanned, for example `coin`, or a jetton's asset identifier.
    package let subject: String

    /// An account to scan.
    package init(account: String, subject: String) {
        self.account = account
        self.subject = subject
    }
}

/// A piece of an account's history.
package struct ScanPage: Hashable, Sendable {
    /// The observations, oldest first.
    package var observations: [Observation]
    /// The start of the next page; equal to the given position when nothing happened.
    package var position: String?
    /// Whether another page is available already.
    package var hasMore: Bool
    /// The moment, by the rail's clock, up to which the account's history is complete with this page; nil when this
    /// page does not move it.
    ///
    /// It is that of the head that was read, even when nothing happened on the account.
    package var completeUntil: Timestamp?
    /// Why the scan has passed something that it will report with a later page; nil when there is nothing such.
    package var awaited: String?
    /// All sightings after the page; nil when the page does not report them.
    package var sightings: [Sighting]?
    /// From when on the rail's history is another than the one that was recorded; none when it only grew.
    ///
    /// Of all accounts: rails that keep a history for each account have ``revisedAccount``.
    package var revisedSince: Timestamp?
    /// The history of the account, where it is another than the one that was recorded; none when it only grew.
    package var revisedAccount: RevisedAccount?
    /// What was recorded of a history that is no longer the rail's; it is undone before anything of the page is recorded.
    package var undone: [Observation] = []

    /// A piece of an account's history.
    package init(observations: [Observation], position: String?, hasMore: Bool, completeUntil: Timestamp?) {
        self.observations = observations
        self.position = position
        self.hasMore = hasMore
        self.completeUntil = completeUntil
    }
}
