import Payments
import Providers
import Seams
import Settlement
import Storage

extension ReconciliationWorker {
    /// Reads the history of every account of a provider from where its cursor stands.
    func scan(
        _ provider: any PaymentProvider,
        by scan: any TransferScanning,
        under lease: Lease?,
        into pass: inout Pass
    ) async {
        var isReady = false
        var problems = pass.problems.count
        defer { show(provider, isStuck: !isReady || pass.problems.count > problems) }
        await attempt("wallets of \(provider.key)", into: &pass) { pass in
            isReady = try await settlement.knowsWallets(of: provider)
            guard !isReady else { return }
            pass.problems += try await settlement.compareWallets(of: provider.key)
            isReady = try await settlement.knowsWallets(of: provider)
        }
        guard isReady else { return }
        problems = pass.problems.count
        // What nodes have told of until now is looked at with everything else.
        _ = doorbell.takeAccounts(of: provider.key)
        var accounts = WatchedAccounts()
        await attempt("accounts of \(provider.key)", into: &pass) { _ in
            accounts = try await self.accounts(of: provider, scan)
        }
        doorbell.follow(accounts.urgent, of: provider.key, at: settlement.clock.now())
        var look: AccountLook?
        do { look = try await scan.look(at: accounts.placed) } catch {
            // When nothing is known of any account, the problem is told of the standing accounts, and not for each
            // invoice.
            for account in accounts.standing {
                await attempt("scan of \(provider.key) \(account.account.account)", into: &pass) { _ in
                    try await note(error, of: account.account, at: provider)
                }
            }
            return
        }
        guard let look else {
            for account in accounts.placed {
                await read(account.account, upTo: nil, of: provider, by: scan, under: lease, into: &pass)
            }
            return
        }
        await read(accounts.withNews(in: look), of: provider, by: scan, under: lease, into: &pass)
        await attempt("watch of \(provider.key)", into: &pass) { _ in
            try await passUnmoved(accounts, in: look, at: provider)
        }
        let isWhole = pass.problems.count == problems
        await attempt("sightings of \(provider.key)", into: &pass) { _ in
            try await forgetSightings(at: provider, readTo: look.asOf, isWhole: isWhole)
        }
    }

    /// Reads the history of one account; whatever is wrong with it stops no other account.
    func read(
        _ account: ScanAccount,
        upTo tip: AccountTip?,
        of provider: any PaymentProvider,
        by scan: any TransferScanning,
        under lease: Lease?,
        into pass: inout Pass
    ) async {
        await attempt("scan of \(provider.key) \(account.account)", into: &pass) { pass in
            do {
                try await self.scan(account, upTo: tip, of: provider, by: scan, under: lease, into: &pass)
            } catch { try await note(error, of: account, at: provider) }
        }
    }

    /// Stores why an account could not be read, and throws it on.
    private func note(_ error: any Error, of account: ScanAccount, at provider: any PaymentProvider) async throws {
        if !Task.isCancelled, !Self.isElsewhere(error) {
            // When the database is away and the problem cannot be stored, the condition is raised all the same.
            try? await remember(error, of: account, at: provider)
        }
        throw error
    }

    /// Whether another process has read on.
    private static func isElsewhere(_ error: any Error) -> Bool { (error as? SettlementError)?.code == .conflict }

    /// Raises the condition of a scan that does not advance, whatever the reason, or clears it.
    private func show(_ provider: any PaymentProvider, isStuck: Bool) {
        let name = "scan \(provider.key)"
        guard isStuck, !Task.isCancelled else {
            if !isStuck { settlement.conditions.clear(name) }
            return
        }
        let sentence = "the history is not read to its end, and payments are not credited; see the report"
        settlement.conditions.raise(name, .degraded, sentence, at: settlement.clock.now())
    }

    private func scan(
        _ account: ScanAccount,
        upTo tip: AccountTip?,
        of provider: any PaymentProvider,
        by scan: any TransferScanning,
        under lease: Lease?,
        into pass: inout Pass
    ) async throws {
        for _ in 0..<configuration.pagesPerAccount {
            let position = try await settlement.database.read { session in
                try session.scanPosition(provider: provider.key, account: account.account, subject: account.subject)
            }
            let watching = index.watching(
                provider.key,
                in: settlement.database,
                asksOften: !scan.scansAccountsOfOptions
            )
            var page: ScanPage
            if let tip {
                let placed = PlacedAccount(account: account, position: position)
                page = try await scan.page(of: placed, upTo: tip, watching: watching)
            } else {
                page = try await scan.page(of: account, after: position, watching: watching)
            }
            if let moment = page.revisedSince {
                page.undone = try await undone(since: moment, at: provider, scan)
            }
            if let account = page.revisedAccount { page.undone += try await undone(of: account, at: provider) }
            if page.position == position, page.awaited == nil {
                let placed = PlacedAccount(account: account, position: position)
                try await noteRead(placed, at: provider, completeUntil: page.completeUntil)
            }
            let isEmpty = page.undone.isEmpty && page.observations.isEmpty && page.sightings == nil
            guard page.position != position || !isEmpty else {
                if let awaited = page.awaited { throw ProviderError(.unavailable, awaited) }
                return
            }
            let recorded = try await settlement.record(page, of: account, at: provider, after: position, under: lease)
            for result in recorded {
                switch result {
                case .payment: pass.payments += 1
                case .booked: pass.movements += 1
                case .undone: pass.undone += 1
                case .setAside: pass.setAside += 1
                case .ignored, .repetition: break
                }
            }
            guard page.hasMore else {
                if let awaited = page.awaited { throw ProviderError(.unavailable, awaited) }
                return
            }
        }
    }

    /// The observations that undo what was recorded of a history that is no longer the rail's.
    private func undone(
        since moment: Timestamp,
        at provider: any PaymentProvider,
        _ scan: any TransferScanning
    ) async throws -> [Observation] {
        let (payments, byBalance, transfers, others) = try await settlement.database.read { session in
            (
                try session.standingPayments(provider: provider.key, since: moment),
                try session.paymentsShownByBalance(provider: provider.key, after: moment),
                try session.concludedOutgoing(provider: provider.key, since: moment),
                try session.standingMovements(provider: provider.key, since: moment)
                    + session.standingSetAside(provider: provider.key, since: moment)
            )
        }
        let now = settlement.clock.now()
        // Balances are compared anew from that moment on, and show these payments again.
        let shown = Set(byBalance)
        let rest = payments.filter { !shown.contains($0.naturalKey) }
        // Merchants are told nothing of movements: all are undone, and recorded anew where the new history has them.
        let vanished = try await byBalance + scan.vanished(among: rest) + others
        return vanished.map { .vanished($0, at: now) } + transfers.map { .uncertain(transfer: $0.purpose.id, at: now) }
    }

    /// What was recorded of one account and is not in its history.
    ///
    /// Only that account is read again, so that nothing else may be undone; the page itself says what its history has, so
    /// that no second answer of a node decides.
    private func undone(of account: RevisedAccount, at provider: any PaymentProvider) async throws -> [Observation] {
        let (recorded, ended) = try await settlement.database.read { session in
            let since = account.since.advanced(by: .microseconds(-1))
            return (
                try session.standing(of: account.account, provider: provider.key, since: account.since),
                account.doubt == .none ? [] : try session.concludedOutgoing(provider: provider.key, since: since)
            )
        }
        let transfers = ended.filter { account.doubt == .all || $0.status.state == .failed }
        let now = settlement.clock.now()
        return recorded.filter(account.hasLost).map { .vanished($0, at: now) }
            + transfers.map { .uncertain(transfer: $0.purpose.id, at: now) }
    }

    /// Nothing new came, and the rail answered: whatever kept the cursor from moving is over, and what ends before that
    /// moment can end.
    func noteRead(
        _ placed: PlacedAccount,
        at provider: any PaymentProvider,
        completeUntil: Timestamp?
    ) async throws {
        let (account, grace) = (placed.account, provider.capabilities.graceAfterExpiry)
        let isAwaited = try await settlement.database.read { session in
            try session.waitsForScan(
                provider: provider.key,
                account: account.account,
                subject: account.subject,
                grace: grace,
                until: completeUntil ?? Timestamp(microseconds: 0)
            )
        }
        guard isAwaited else { return }
        try await settlement.writeShared { session in
            try session.passScan(
                provider: provider.key,
                account: account.account,
                subject: account.subject,
                at: placed.position,
                completeUntil: completeUntil
            )
        }
    }

    /// Stores why a cursor cannot move, for the report.
    private func remember(
        _ error: any Error,
        of account: ScanAccount,
        at provider: any PaymentProvider
    ) async throws {
        let now = settlement.clock.now()
        let reason = StorableText("\(error)", limit: 1_000).text
        try await settlement.writeShared { session in
            try session.recordScanProblem(
                provider: provider.key,
                account: account.account,
                subject: account.subject,
                reason: reason,
                at: now
            )
        }
    }
}
