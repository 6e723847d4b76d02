import Providers
import Seams
import Settlement
import Storage
import Synchronization

/// When was gathered last, and up to which account; lost with the process, which then begins again.
final class GatheringState: Sendable {
    private struct Content {
        var last: Timestamp?
        var wallets: Timestamp?
        var reached: [String: String] = [:]
    }

    private let content = Mutex(Content())

    /// Whether it is time again.
    func begin(at now: Timestamp, interval: Duration) -> Bool {
        content.withLock { content in
            if let last = content.last, now.since(last) < interval { return false }
            content.last = now
            return true
        }
    }

    func reached(_ provider: String) -> String { content.withLock { $0.reached[provider] ?? "" } }

    /// Whether wallets were compared with the books so recently that it need not be done again.
    func areWalletsCompared(at now: Timestamp, interval: Duration) -> Bool {
        content.withLock { content in
            if let last = content.wallets, now.since(last) < interval { return true }
            content.wallets = now
            return false
        }
    }

    func set(_ account: String, of provider: String) { content.withLock { $0.reached[provider] = account } }
}

extension ReconciliationWorker {
    /// The most accounts of a provider in one round.
    private static let accountsPerRound = 50

    /// What is done less often than a pass: money without a trace is looked for, what customers have paid to accounts of
    /// single options moves on to the wallets that pay out, and from there to cold storage what is too much.
    func lookAfterAccounts(into pass: inout Pass) async {
        guard gathering.begin(at: settlement.clock.now(), interval: configuration.gatheringInterval) else { return }
        await findUntraced(into: &pass)
        for provider in settlement.providers.providers {
            guard let gather = provider.gather else { continue }
            await attempt("gathering of \(provider.key)", into: &pass) { pass in
                try await self.gather(provider.key, by: gather, into: &pass)
            }
        }
        for rule in configuration.coldStorage {
            await attempt("cold storage of \(rule.provider)", into: &pass) { pass in
                if try await settlement.enforce(rule) != nil { pass.gathered += 1 }
            }
        }
    }

    private func gather(_ provider: String, by gather: any FundGathering, into pass: inout Pass) async throws {
        let start = gathering.reached(provider)
        let stored = try await settlement.database.read { session in
            try session.holdingAccounts(provider: provider, after: start, limit: Self.accountsPerRound)
        }
        // In turn, so that accounts that cannot be emptied now do not keep others waiting.
        gathering.set(stored.count < Self.accountsPerRound ? "" : stored.last?.account ?? "", of: provider)
        guard !stored.isEmpty else { return }
        let outcome = try await gather.gather(
            stored.map { HoldingAccount(account: $0.account, option: $0.option) },
            through: StoredSigningGate(settlement: settlement, provider: provider)
        )
        pass.gathered += outcome.sent
        pass.problems += outcome.problems.map { "gathering of \(provider): \($0)" }
        guard !outcome.empty.isEmpty else { return }
        try await settlement.database.write { session in
            for account in outcome.empty {
                try session.emptyHoldingAccount(provider: provider, account: account.account)
            }
        }
    }
}
