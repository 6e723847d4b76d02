import Providers
import Seams
import Settlement
import Storage
import Synchronization

/// When the duties that are done less often than a pass were done last, and how far they got; a new process begins again.
final class GatheringState: Sendable {
    private struct Content {
        var last: [String: Timestamp] = [:]
        var reached: [String: String] = [:]
        var differences: [String: [String: String]] = [:]
    }

    private let content = Mutex(Content())

    /// Whether a duty was not begun within the interval; it counts as begun then.
    func begin(_ duty: String, at now: Timestamp, interval: Duration) -> Bool {
        content.withLock { content in
            if let last = content.last[duty], now.since(last) < interval { return false }
            content.last[duty] = now
            return true
        }
    }

    /// The account that a round ended with.
    func reached(_ round: String) -> String { content.withLock { $0.reached[round] ?? "" } }

    /// Notes what was found, and says whether it is what was found before.
    func note(_ differences: [String: String], of name: String) -> Bool {
        content.withLock { content in
            defer { content.differences[name] = differences }
            return content.differences[name] == differences
        }
    }

    func set(_ account: String, of round: String) { content.withLock { $0.reached[round] = account } }
}

extension ReconciliationWorker {
    /// The most accounts of a provider in one round.
    private static let accountsPerRound = 50

    /// Moves what customers have paid to accounts of single options on to the wallet that pays out.
    func gather(_ provider: any PaymentProvider, by gather: any FundGathering, into pass: inout Pass) async {
        await attempt("gathering of \(provider.key)", into: &pass) { pass in
            try await self.gather(provider.key, by: gather, into: &pass)
        }
    }

    /// Moves what a provider's wallet holds above a rule's limit to cold storage.
    func enforceColdStorage(at provider: String, into pass: inout Pass) async {
        for rule in configuration.coldStorage where rule.provider == provider {
            await attempt("cold storage of \(provider)", into: &pass) { pass in
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
