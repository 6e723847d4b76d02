import Providers
import Seams
import Settlement
import Storage

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
        let start = memory.reached(provider)
        let stored = try await settlement.database.read { session in
            try session.holdingAccounts(provider: provider, after: start, limit: Self.accountsPerRound)
        }
        // In turn, so that accounts that cannot be emptied now do not keep others waiting.
        memory.set(stored.count < Self.accountsPerRound ? "" : stored.last?.account ?? "", of: provider)
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
