import Providers
import Seams
import Settlement
import Storage

/// How many accounts are watched at once: one look at all of them, and a reading of those that have moved.
extension ReconciliationWorker {
    /// The most accounts of closed invoices in a pass; those of open invoices are not counted.
    private static let closedPerPass = 1_000
    /// The most accounts that are read in a pass: what happens meanwhile is seen by the next one.
    private static let readsPerPass = 200
    /// How many accounts are read at once.
    private static let readsAtOnce = 8

    /// The accounts of a provider that are looked at now, with their positions.
    func accounts(of provider: any PaymentProvider, _ scan: any TransferScanning) async throws -> WatchedAccounts {
        let standing = try await scan.standingAccounts
        let now = settlement.clock.now()
        return try await settlement.database.read { session in
            let placed = try standing.map { account in
                PlacedAccount(
                    account: account,
                    position: try session.scanPosition(
                        provider: provider.key,
                        account: account.account,
                        subject: account.subject
                    )
                )
            }
            guard scan.scansAccountsOfOptions else { return WatchedAccounts(standing: placed) }
            return WatchedAccounts(
                standing: placed,
                single: try session.watchedAccounts(
                    provider: provider.key,
                    dueAt: now,
                    mostClosed: Self.closedPerPass
                )
            )
        }
    }

    /// Reads the accounts that have news, several at once.
    func read(
        _ news: [WatchedAccounts.News],
        of provider: any PaymentProvider,
        by scan: any TransferScanning,
        under lease: Lease?,
        into pass: inout Pass
    ) async {
        var waiting = news.prefix(Self.readsPerPass)
        await withTaskGroup(of: Pass.self) { group in
            func begin() {
                guard let next = waiting.popFirst() else { return }
                group.addTask {
                    var part = Pass()
                    await read(next.account, upTo: next.tip, of: provider, by: scan, under: lease, into: &part)
                    return part
                }
            }
            for _ in 0..<Self.readsAtOnce { begin() }
            for await part in group {
                pass.add(part)
                begin()
            }
        }
    }

    /// Stores what depends on how far the accounts without news were read, in one unit of work.
    func passUnmoved(_ accounts: WatchedAccounts, in look: AccountLook, at provider: any PaymentProvider) async throws {
        for account in accounts.standingUnmoved(in: look) {
            try await noteRead(account, at: provider, completeUntil: look.asOf)
        }
        let quiet = accounts.quiet(in: look, grace: provider.capabilities.graceAfterExpiry)
        guard !quiet.isEmpty else { return }
        let key = provider.key
        try await settlement.writeShared { session in
            for entry in quiet {
                let (account, position) = (entry.account.account, entry.account.position)
                if entry.isAwaited {
                    try session.passScan(
                        provider: key,
                        account: account.account,
                        subject: account.subject,
                        at: position,
                        completeUntil: look.asOf
                    )
                }
                guard let due = entry.due else { continue }
                let moment: Timestamp? = if case .at(let moment) = due { moment } else { nil }
                try session.setDue(provider: key, account: account.account, subject: account.subject, at: moment)
            }
        }
    }
}
