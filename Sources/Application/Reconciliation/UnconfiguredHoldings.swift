import Ledger
package import Money
import Payments
import Providers
import Records
import Seams
package import Settlement
import Storage

/// Providers, wallets and bots that may hold money and that the configuration does not name.
package struct UnconfiguredHoldings: Hashable, Sendable {
    /// Providers that the configuration does not name any more, with what the books hold there.
    package let providers: [String: [Amount]]
    /// Wallets and bots that a provider used before, and does not use with the present configuration.
    package let accounts: [String: [String]]
    /// Bots that merchants have added and that cannot be used, by their keys, with their names: nobody asks them what
    /// they hold.
    package let bots: [String: String]

    /// Finds them in the database.
    ///
    /// - Throws: what the database throws.
    package init(for settlement: Settlement) async throws {
        let configured = settlement.providers.providers
        let keys = Set(configured.map(\.key))
        let booked = try await settlement.database.read { session in
            try session.balances(code: AccountCode("provider_receivable"))
        }
        providers = Dictionary(
            grouping: booked.filter { !$0.amount.isZero && !keys.contains($0.account.scope ?? "") },
            by: { $0.account.scope ?? "" }
        )
        .mapValues { $0.map(\.amount) }
        var accounts: [String: [String]] = [:]
        for provider in configured {
            if let place = provider.place {
                let before = try await settlement.database.read { try $0.places(of: provider.key) }
                let others = before.filter { $0 != place }
                if !others.isEmpty { accounts[provider.key] = others }
            }
            guard let scan = provider.scan, let standing = try? await scan.standingAccounts else { continue }
            let own = Set(standing.map(\.account))
            let (read, options) = try await settlement.database.read { session in
                (
                    try session.scanStates(provider: provider.key).map(\.account),
                    try session.allScanAccounts(provider: provider.key).map(\.account)
                )
            }
            let foreign = Set(read).subtracting(own).subtracting(options)
            if !foreign.isEmpty {
                accounts[provider.key] = foreign.union(accounts[provider.key] ?? []).sorted()
            }
        }
        self.accounts = accounts
        let stored = try await settlement.database.read { try $0.bots() }
        let unused = stored.filter { !settlement.providers.bringsProvider("telegram:\($0.key)") }
        bots = Dictionary(uniqueKeysWithValues: unused.map { ($0.key, $0.username) })
    }

    /// Stores where the configured providers take money, so that a later change of the place is noticed.
    ///
    /// - Throws: what the database throws.
    package static func rememberPlaces(for settlement: Settlement) async throws {
        let now = settlement.clock.now()
        let providers = settlement.providers.providers
        try await settlement.database.write { session in
            for provider in providers {
                if let place = provider.place { try session.meet(place, of: provider.key, at: now) }
            }
        }
    }

    /// Raises a condition for each provider, in words that name neither amounts nor accounts.
    package func tell(_ settlement: Settlement) {
        let now = settlement.clock.now()
        for provider in providers.keys {
            settlement.conditions.raise(
                "provider \(provider)",
                .degraded,
                "the books hold money at it, and the configuration does not name it: put it back",
                at: now
            )
        }
        for provider in accounts.keys {
            settlement.conditions.raise(
                "wallet \(provider)",
                .degraded,
                "it stood for another wallet or bot before: check the entry of its key or token, and the wallet's version",
                at: now
            )
        }
    }

    /// A sentence for each, with amounts and accounts, for the operator alone.
    package var sentences: [String] {
        providers.sorted { $0.key < $1.key }.map { provider, amounts in
            let held = amounts.map { "\($0.units) units of \($0.asset)" }.joined(separator: ", ")
            return "\(provider): the books hold \(held) there, and the configuration does not name it"
        }
            + accounts.sorted { $0.key < $1.key }.map { provider, accounts in
                "\(provider): it stood for \(accounts.joined(separator: ", ")) before, which is not what is configured now"
            }
    }
}
