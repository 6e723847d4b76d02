package import Payments
package import Seams

/// Reads what happened on a rail, without a gap: account by account, or all accounts at once where the rail is read in
/// blocks.
package protocol TransferScanning: Sendable {
    /// The accounts that are always scanned; those of single options come from ``OpenedOption/accounts``.
    var standingAccounts: [ScanAccount] { get async throws(ProviderError) }

    /// Whether the accounts of single options are scanned one by one; when not, the standing ones cover them, and the
    /// provider asks which are watched.
    var scansAccountsOfOptions: Bool { get }

    /// What happened on an account after a position, oldest first.
    ///
    /// The position is the last page's, and none at the very start.
    ///
    /// - Throws: ``ProviderError``; with ``ProviderError/Code/gap`` when the account's history does not join up, so
    ///   that the cursor has to stay where it is.
    func page(
        of account: ScanAccount,
        after position: String?,
        watching: any AccountWatching
    ) async throws(ProviderError) -> ScanPage

    /// Which of some recorded payments are no longer part of the rail's history; asked when a page says that history
    /// was revised.
    ///
    /// - Throws: ``ProviderError`` when the rail cannot be asked, so that nothing is undone by mistake.
    func vanished(among payments: [Payment]) async throws(ProviderError) -> [NaturalKey]

    /// What accounts held where the scan stands, so that money is found that came or left without a trace; those of the
    /// provider's own wallets too.
    ///
    /// - Throws: ``ProviderError``.
    func marks(of accounts: [ScanAccount], at position: String) async throws(ProviderError) -> [BalanceMark]
}

extension TransferScanning {
    /// Most rails keep a history for each account.
    package var scansAccountsOfOptions: Bool { true }

    /// On most rails everything leaves a trace.
    package func marks(of accounts: [ScanAccount], at position: String) async throws(ProviderError) -> [BalanceMark] {
        []
    }

    /// Most rails never take anything back.
    package func vanished(among payments: [Payment]) async throws(ProviderError) -> [NaturalKey] { [] }
}

/// Knows which accounts belong to options, on rails that are read as a whole.
package protocol AccountWatching: Sendable {
    /// Those of `accounts` that were handed out to customers, at the latest when this is called.
    ///
    /// - Throws: ``ProviderError`` with ``ProviderError/Code/unavailable`` when it cannot be known now.
    func watched(among accounts: Set<String>) async throws(ProviderError) -> Set<String>
}

/// An account on a rail that is scanned.
package struct ScanAccount: Hashable, Sendable {
    /// The account in the rail's canonical form.
    package let account: String
    /// What of the account is looked at, for example `coin`, or a jetton's asset identifier.
    package let subject: String

    /// An account to scan.
    package init(account: String, subject: String) {
        self.account = account
        self.subject = subject
    }
}

/// A piece of an account's history.
package struct ScanPage: Hashable, Sendable {
    /// What happened, oldest first.
    package var observations: [Observation]
    /// Where the next page starts; equal to the given position when nothing happened.
    package var position: String?
    /// Whether there is more already.
    package var hasMore: Bool
    /// Until when, by the rail's clock, the account's history is complete with this page: up to the head that was looked at,
    /// also when nothing happened on the account; nil when that is where it was complete before.
    package var completeUntil: Timestamp?
    /// Everything that was seen after the page and can still be undone; none when the page does not say.
    package var sightings: [Sighting]?
    /// What accounts held around what the page says, in its order.
    package var marks: [BalanceMark] = []
    /// From when on the rail's history is another than the one that was recorded; none when it only grew.
    package var revisedSince: Timestamp?
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
