public import Payments
public import Seams
import Synchronization

/// The providers of a gateway by their keys; some are a merchant's own, and some are added while it runs.
public final class ProviderRegistry: Sendable {
    private struct Entry {
        let provider: any PaymentProvider
        /// Whose it is; none: everybody's.
        let owner: MerchantID?
    }

    private struct State {
        var entries: [Entry] = []
        var byKey: [String: any PaymentProvider] = [:]
    }

    private let state = Mutex(State())

    /// A registry of `providers`, which serve everybody.
    ///
    /// - Throws: ``ProviderError`` with ``ProviderError/Code/invalidRequest`` when two of them share a key.
    public init(_ providers: [any PaymentProvider]) throws(ProviderError) {
        try add(providers, of: nil)
    }

    /// Adds providers.
    ///
    /// - Parameters:
    ///   - providers: the providers.
    ///   - owner: the merchant whose they are; none: everybody's.
    /// - Throws: ``ProviderError`` with ``ProviderError/Code/invalidRequest`` when there is one with such a key; none is
    ///   added then.
    public func add(_ providers: [any PaymentProvider], of owner: MerchantID?) throws(ProviderError) {
        let taken: String? = state.withLock { state in
            var keys = Set(state.byKey.keys)
            for provider in providers where !keys.insert(provider.key).inserted { return provider.key }
            for provider in providers {
                state.entries.append(Entry(provider: provider, owner: owner))
                state.byKey[provider.key] = provider
            }
            return nil
        }
        if let taken { throw ProviderError(.invalidRequest, "two providers are called \(taken)") }
    }

    /// The providers, in the order in which their options are offered.
    public var providers: [any PaymentProvider] { state.withLock { $0.entries.map(\.provider) } }

    /// The provider with a key.
    public func provider(_ key: String) -> (any PaymentProvider)? { state.withLock { $0.byKey[key] } }

    /// The providers that serve a merchant: on each rail its own where it has one, and everybody's otherwise.
    public func providers(for merchant: MerchantID) -> [any PaymentProvider] {
        state.withLock { state in
            let rails = Set(state.entries.filter { $0.owner == merchant }.map(\.provider.rail))
            return state.entries.filter { entry in
                entry.owner == merchant || entry.owner == nil && !rails.contains(entry.provider.rail)
            }
            .map(\.provider)
        }
    }
}
