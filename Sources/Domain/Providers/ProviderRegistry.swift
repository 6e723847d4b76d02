package import Payments
import Seams
import Synchronization

/// The providers of a gateway by their keys; some are a merchant's own, and some are added while it runs.
package final class ProviderRegistry: Sendable {
    private struct Entry {
        let provider: any PaymentProvider
        /// The merchant who owns it; nil when it serves everybody.
        let owner: MerchantID?
        let isOffered: Bool
    }

    private struct State {
        var entries: [Entry] = []
        var byKey: [String: any PaymentProvider] = [:]
        /// The providers that are not offered until their rails have answered.
        var held: Set<String> = []
        /// The key of the provider that has each account.
        var accounts: [String: String] = [:]
    }

    private let state = Mutex(State())

    /// A registry of `providers`, which serve everybody.
    ///
    /// - Throws: ``ProviderError`` with ``ProviderError/Code/invalidRequest`` when two of them share a key or an
    ///   account.
    package init(_ providers: [any PaymentProvider]) throws(ProviderError) {
        var keys: Set<String> = []
        for provider in providers where !keys.insert(provider.key).inserted {
            throw ProviderError(.invalidRequest, "two providers are called \(provider.key)")
        }
        for provider in providers { try put(provider, of: nil, isOffered: true) }
    }

    /// Adds a provider, or replaces the one with its key.
    ///
    /// - Parameters:
    ///   - provider: the provider.
    ///   - owner: the merchant who owns it; nil when it serves everybody.
    ///   - isOffered: whether new invoices are offered it; its earlier payments are processed in any case.
    /// - Throws: ``ProviderError`` with ``ProviderError/Code/invalidRequest`` when another provider has one of its
    ///   accounts, because both would book what happens there. Nothing is changed then.
    package func put(
        _ provider: any PaymentProvider,
        of owner: MerchantID?,
        isOffered: Bool
    ) throws(ProviderError) {
        let entry = Entry(provider: provider, owner: owner, isOffered: isOffered)
        try state.withLock { (state) throws(ProviderError) in
            for account in provider.accountNames {
                if let other = state.accounts[account], other != provider.key {
                    throw ProviderError(
                        .invalidRequest,
                        "\(other) and \(provider.key) share the account \(account): each would book its payments"
                    )
                }
            }
            for account in provider.accountNames { state.accounts[account] = provider.key }
            if let place = state.entries.firstIndex(where: { $0.provider.key == provider.key }) {
                state.entries[place] = entry
            } else {
                state.entries.append(entry)
            }
            state.byKey[provider.key] = provider
        }
    }

    /// The providers, in the order in which their options are offered.
    package var providers: [any PaymentProvider] { state.withLock { $0.entries.map(\.provider) } }

    /// The provider with a key.
    package func provider(_ key: String) -> (any PaymentProvider)? { state.withLock { $0.byKey[key] } }

    /// Keeps a provider from being offered to new invoices until it is released; its earlier payments are still
    /// processed.
    package func hold(_ key: String) { state.withLock { _ = $0.held.insert(key) } }

    /// Offers a provider again.
    package func release(_ key: String) { state.withLock { _ = $0.held.remove(key) } }

    /// The providers that are offered for new invoices of a merchant, without held ones.
    ///
    /// On each rail these are the merchant's own, if there are any, and otherwise those that serve everybody.
    package func providers(for merchant: MerchantID) -> [any PaymentProvider] {
        state.withLock { state in
            // A merchant whose own provider is held is not offered another's in its place.
            Self.meant(for: merchant, in: state).filter { !state.held.contains($0.key) }
        }
    }

    /// The rails on which a merchant's provider is held.
    package func heldRails(for merchant: MerchantID) -> Set<Rail> {
        state.withLock { state in
            Set(Self.meant(for: merchant, in: state).filter { state.held.contains($0.key) }.map(\.rail))
        }
    }

    /// Whether a source of pushed messages (a bot) belongs to a provider that is meant for a merchant, held or not.
    package func speaks(_ source: String, for merchant: MerchantID) -> Bool {
        state.withLock { state in
            Self.meant(for: merchant, in: state).contains { $0.push?.source == source }
        }
    }

    /// Whether a merchant has a source of pushed messages (a bot) of its own.
    package func hasOwnSource(_ merchant: MerchantID) -> Bool {
        state.withLock { state in
            state.entries.contains { $0.owner == merchant && $0.isOffered && $0.provider.push != nil }
        }
    }

    /// Whether a source of pushed messages belongs to any provider.
    package func bringsProvider(_ source: String) -> Bool {
        state.withLock { state in state.entries.contains { $0.provider.push?.source == source } }
    }

    private static func meant(for merchant: MerchantID, in state: State) -> [any PaymentProvider] {
        let offered = state.entries.filter(\.isOffered)
        let rails = Set(offered.filter { $0.owner == merchant }.map(\.provider.rail))
        return offered.filter { entry in
            entry.owner == merchant || entry.owner == nil && !rails.contains(entry.provider.rail)
        }
        .map(\.provider)
    }
}
